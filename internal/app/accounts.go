package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
)

// operator is whoever works at the command line.
var operator = actor.Actor{Kind: actor.Command, Name: "command line"}

// withParts runs f on the parts of an installation, as commands do.
func withParts(sh *shell, f func(*Parts) error) error {
	return lookAtParts(sh, func(p *Parts) error {
		if p.keyProblem != nil {
			return p.keyProblem
		}
		return f(p)
	})
}

// lookAtParts is withParts also where the secret key is another one.
func lookAtParts(sh *shell, f func(*Parts) error) (err error) {
	config, err := DefaultConfig()
	if err != nil {
		return err
	}
	config.Store, config.Logging = sh.store, sh.logging
	parts, err := openParts(sh.ctx, config, clock.Clock{}, sh.log, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.Close()) }()
	return f(parts)
}

// answer prints what a command made: one JSON object for scripts, or a
// sentence.
func answer(sh *shell, asJSON bool, object map[string]any, sentence string) error {
	if !asJSON {
		_, err := fmt.Fprintln(sh.stdout, sentence)
		return err
	}
	return json.NewEncoder(sh.stdout).Encode(object)
}

type communityCommand struct {
	Create communityCreateCommand `cmd:"" help:"Make a community."`
}

type communityCreateCommand struct {
	Name           string `required:"" help:"Name of the community."`
	OpenBulkImport bool   `name:"open-bulk-import" help:"Let anybody import members without a credential. For trying things out only."`
	JSON           bool   `name:"json" help:"Print one JSON object: {\"communityId\"}."`
}

// Run makes a community.
func (c communityCreateCommand) Run(sh *shell) error {
	return withParts(sh, func(p *Parts) error {
		made, err := p.Communities.Create(sh.ctx, community.Input{Name: c.Name, Settings: community.Settings{OpenBulkImport: c.OpenBulkImport}})
		if err != nil {
			return err
		}
		return answer(sh, c.JSON, map[string]any{"communityId": made.ID}, fmt.Sprintf("Made the community %q with the id %s.", made.Name, made.ID))
	})
}

type userCommand struct {
	Create userCreateCommand `cmd:"" help:"Make an account."`
}

type userCreateCommand struct {
	Email             string `required:"" help:"Email address."`
	Username          string `required:"" help:"Username."`
	PasswordStdin     bool   `name:"password-stdin" help:"Read the password from the standard input; without it the account has none."`
	OwnerOf           string `name:"owner-of" placeholder:"COMMUNITY" help:"Id of a community that the account owns from now on."`
	InstallationOwner bool   `name:"installation-owner" help:"Let the account do everything in every community."`
	JSON              bool   `name:"json" help:"Print one JSON object: {\"_id\",\"id\"}."`
}

// Run makes an account. A community that is to be owned is looked up first,
// so that a mistyped id leaves no account behind.
func (c userCreateCommand) Run(sh *shell) error {
	password := ""
	if c.PasswordStdin {
		text, err := io.ReadAll(io.LimitReader(sh.stdin, 4096))
		if err != nil {
			return fmt.Errorf("read password: %w", err)
		}
		if password = strings.TrimRight(string(text), "\r\n"); password == "" {
			return errors.New("the standard input holds no password")
		}
	}
	return withParts(sh, func(p *Parts) error {
		if c.OwnerOf != "" {
			if _, err := p.Communities.Get(sh.ctx, c.OwnerOf); err != nil {
				return err
			}
		}
		made, err := p.Accounts.CreateAccount(sh.ctx, account.Input{
			Email: c.Email, Username: c.Username, Password: password, InstallationOwner: c.InstallationOwner,
		})
		if err != nil {
			return err
		}
		if c.OwnerOf != "" {
			if err := p.Members.AddOwner(actor.NewContext(sh.ctx, operator), c.OwnerOf, made.ID); err != nil {
				return err
			}
		}
		return answer(sh, c.JSON, map[string]any{"_id": made.ID, "id": made.Number}, fmt.Sprintf("Made the account %q with the id %s.", made.Username, made.ID))
	})
}

type keyCommand struct {
	Create keyCreateCommand `cmd:"" help:"Make an API key for a community. It is shown once."`
}

type keyCreateCommand struct {
	Community   string   `required:"" placeholder:"ID" help:"Id of the community."`
	Name        string   `required:"" help:"Name of the key."`
	Permission  []string `required:"" placeholder:"P" help:"What the key may do, repeatable: bulkUpdateUser, getUserData and so on; * is all but signIn."`
	ExpiresDays int      `name:"expires-days" placeholder:"D" help:"Days until the key expires; 0: never."`
	JSON        bool     `name:"json" help:"Print one JSON object: {\"keyId\",\"key\"}."`
}

// Run makes a key.
func (c keyCreateCommand) Run(sh *shell) error {
	return withParts(sh, func(p *Parts) error {
		in := access.KeyInput{Name: c.Name, ExpirePeriod: c.ExpiresDays}
		for _, name := range c.Permission {
			in.Permissions = append(in.Permissions, actor.Permission(name))
		}
		made, secret, err := p.Access.CreateKey(sh.ctx, operator, c.Community, in)
		if err != nil {
			return err
		}
		return answer(sh, c.JSON, map[string]any{"keyId": made.ID, "key": secret}, "The key, shown this once:\n"+secret)
	})
}
