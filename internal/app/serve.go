package app

import (
	"errors"
	"fmt"

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/clock"
)

type serveCommand struct {
	config.ServerConfig    `embed:"" group:"Server"`
	config.Limits          `embed:"" group:"Limits"`
	config.MailConfig      `embed:"" group:"Mail"`
	config.CommunityConfig `embed:"" group:"Communities"`
	config.SignInConfig    `embed:"" group:"Accounts"`
}

// Run serves until a signal.
func (c serveCommand) Run(sh *shell) (err error) {
	settings := config.Config{
		StorageConfig: sh.store, LogConfig: sh.logging, ServerConfig: c.ServerConfig, Limits: c.Limits, MailConfig: c.MailConfig, CommunityConfig: c.CommunityConfig, SignInConfig: c.SignInConfig,
	}
	a, err := New(sh.ctx, settings, clock.Clock{}, sh.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	token, needed, err := a.Accounts.SetupLink(sh.ctx)
	if err != nil {
		return err
	}
	if needed {
		fmt.Fprintf(sh.stdout, "\nThere is no account yet. Create the first one here (the link works once, for 24 hours):\n\n  %s/setup?token=%s\n\n", a.URL(), token)
	}
	return a.Run(sh.ctx)
}
