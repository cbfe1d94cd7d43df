package app

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
)

type communityCommand struct {
	Create communityCreateCommand `cmd:"" help:"Create a community."`
}

type communityCreateCommand struct {
	Name           string `required:"" help:"Name of the community."`
	OpenBulkImport bool   `name:"open-bulk-import" help:"Allow imports without a credential. For tests and demos only."`
	JSON           bool   `name:"json" help:"Print one JSON object: {\"communityId\"}."`
}

// Run creates a community.
func (c communityCreateCommand) Run(sh *shell) error {
	return withServices(sh, func(p *Services) error {
		created, err := p.Communities.Create(sh.ctx, community.Input{Name: c.Name, Settings: community.Settings{OpenBulkImport: c.OpenBulkImport}}, operator)
		if err != nil {
			return err
		}
		return writeResult(sh, c.JSON, map[string]any{"communityId": created.ID}, fmt.Sprintf("Created community %q, id %s.", created.Name, created.ID))
	})
}

type userCommand struct {
	Create userCreateCommand `cmd:"" help:"Create an account."`
}

type userCreateCommand struct {
	Email             string `required:"" help:"Email address."`
	Username          string `required:"" help:"Username."`
	PasswordStdin     bool   `name:"password-stdin" help:"Read the password from standard input. Without this flag the account has no password."`
	OwnerOf           string `name:"owner-of" placeholder:"COMMUNITY" help:"Id of a community that the account will own."`
	InstallationOwner bool   `name:"installation-owner" help:"Give the account all permissions in every community."`
	JSON              bool   `name:"json" help:"Print one JSON object: {\"_id\",\"id\"}."`
}

// Run creates an account. It looks up the community first: a mistyped id must
// not leave an account behind.
func (c userCreateCommand) Run(sh *shell) error {
	password := ""
	if c.PasswordStdin {
		text, err := io.ReadAll(io.LimitReader(sh.stdin, 4096))
		if err != nil {
			return fmt.Errorf("read password: %w", err)
		}
		if password = strings.TrimRight(string(text), "\r\n"); password == "" {
			return errors.New("standard input contains no password")
		}
	}
	return withServices(sh, func(p *Services) error {
		if c.OwnerOf != "" {
			if _, err := p.Communities.Get(sh.ctx, c.OwnerOf); err != nil {
				return err
			}
		}
		created, err := p.Accounts.CreateAccount(sh.ctx, signin.Input{
			Email: c.Email, Username: c.Username, Password: password, InstallationOwner: c.InstallationOwner,
		})
		if err != nil {
			return err
		}
		if c.OwnerOf != "" {
			if err := p.Ownership.AddOwner(sh.ctx, operator, c.OwnerOf, created.ID); err != nil {
				return err
			}
		}
		return writeResult(sh, c.JSON, map[string]any{"_id": created.ID, "id": created.Number}, fmt.Sprintf("Created account %q, id %s.", created.Username, created.ID))
	})
}

type keyCommand struct {
	Create keyCreateCommand `cmd:"" help:"Create an API key for a community. It is shown once."`
}

type keyCreateCommand struct {
	Community   string   `required:"" placeholder:"ID" help:"Id of the community."`
	Name        string   `required:"" help:"Name of the key."`
	Permission  []string `required:"" placeholder:"P" help:"Permission of the key, such as bulkUpdateUser or getUserData; * is all except signIn. Repeatable."`
	ExpiresDays int      `name:"expires-days" placeholder:"D" help:"Days until the key expires; 0: never."`
	JSON        bool     `name:"json" help:"Print one JSON object: {\"keyId\",\"key\"}."`
}

// Run creates a key.
func (c keyCreateCommand) Run(sh *shell) error {
	return withServices(sh, func(p *Services) error {
		in := access.KeyInput{Name: c.Name, ExpirePeriod: c.ExpiresDays}
		for _, name := range c.Permission {
			in.Permissions = append(in.Permissions, actor.Permission(name))
		}
		created, secret, err := p.Access.CreateKey(sh.ctx, operator, c.Community, in)
		if err != nil {
			return err
		}
		return writeResult(sh, c.JSON, map[string]any{"keyId": created.ID, "key": secret}, "The key (it is not shown again):\n"+secret)
	})
}
