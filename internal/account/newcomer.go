package account

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// newcomer makes an account without a password for somebody whose address the
// provider has verified. It fails with Forbidden "no_account" where nobody may
// register.
func (a *Accounts) newcomer(ctx context.Context, tx *sqldb.Tx, said claims) (accountID string, err error) {
	if a.closed {
		return "", errs.New(errs.Forbidden, "no_account", "There is no account with your email address here, and nobody can make one. Ask the people who run this server.")
	}
	var made newAccount
	made.Email, made.EmailKey, _ = CheckEmail(said.Email) // checked before
	made.firstName, made.lastName = nameOf(said.GivenName), nameOf(said.FamilyName)
	made.identify(a.clock.Now())
	if given, added, err := a.givenName(ctx, tx, made.EmailKey); err != nil {
		return "", err
	} else if added {
		said.PreferredUsername = given
	}
	if err := made.findUsername(ctx, tx, said); err != nil {
		return "", err
	}
	account, err := insertAccount(ctx, tx, made)
	return account.ID, err
}

// nameOf is a name as it can be kept, "" when it cannot.
func nameOf(name string) string {
	name, ok := text.Line(name, maxName)
	if !ok {
		return ""
	}
	return name
}

const usernameTries = 20

// findUsername takes the name by which the provider knows the person, or the
// first part of their address, with a number where it is taken.
func (n *newAccount) findUsername(ctx context.Context, q sqldb.Querier, said claims) error {
	local, _, _ := strings.Cut(n.Email, "@")
	wanted := "member"
	for _, one := range []string{local, said.PreferredUsername} {
		one, _, _ = strings.Cut(one, "@")
		if one = usable(one); one != "" {
			wanted = one
		}
	}
	for try := 1; try <= usernameTries; try++ {
		name := wanted
		if try > 1 {
			name += strconv.Itoa(try)
		}
		if try == usernameTries {
			name = wanted + "-" + id.Secret(4)
		}
		n.Username, n.UsernameKey, _ = CheckUsername(name)
		_, taken, err := keysTaken(ctx, q, n.EmailKey, n.UsernameKey)
		if err != nil || !taken {
			return err
		}
	}
	return errs.New(errs.Conflict, "username_taken", "No free username was found. Try again.")
}

// usable is what of a name can be a username, "" when too little is left.
func usable(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && usernameProblem("a"+string(r), "") != "" {
			return -1
		}
		return r
	}, norm.NFC.String(name))
	if r := []rune(name); len(r) > 40 { // leaves room for a number
		name = string(r[:40])
	}
	if _, _, problem := CheckUsername(name); problem != "" {
		return ""
	}
	return name
}
