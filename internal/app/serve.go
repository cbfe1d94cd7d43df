package app

import (
	"errors"
	"fmt"

	"github.com/regulars/regulars/internal/clock"
)

type serveCommand struct {
	Serving  `embed:"" group:"Server"`
	Limits   `embed:"" group:"Limits"`
	Mailing  `embed:"" group:"Mail"`
	Founding `embed:"" group:"Communities"`
	Signing  `embed:"" group:"Accounts"`
}

// Run serves until a signal comes.
func (c serveCommand) Run(sh *shell) (err error) {
	settings := Config{
		Store: sh.store, Logging: sh.logging, Serving: c.Serving, Limits: c.Limits, Mailing: c.Mailing, Founding: c.Founding, Signing: c.Signing,
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
		fmt.Fprintf(sh.stdout, "\nNobody can sign in yet. Make the first account here (works once, for 24 hours):\n\n  %s/setup?token=%s\n\n", a.URL(), token)
	}
	return a.Run(sh.ctx)
}
