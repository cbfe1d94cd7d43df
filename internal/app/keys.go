package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
)

func (s Store) keyFile() string { return filepath.Join(s.Data, keyFile) }

func (s Store) keys() seal.Source {
	return seal.Source{Key: s.SecretKey, Previous: s.PreviousKey, File: s.keyFile()}
}

// keyID names the key of an installation as it is set here, "" when there is
// none yet.
func (s Store) keyID() (string, error) {
	if s.SecretKey == "" {
		_, keyID, err := seal.ReadKeyFile(s.keyFile())
		return keyID, err
	}
	ring, err := seal.New(s.SecretKey)
	return ring.ID(), err
}

// openKeys finds the key, and seals what was kept before there was one. Where
// the database was sealed with another key it notes what to do: the parts can
// be looked at all the same, which doctor does.
func (p *Parts) openKeys(ctx context.Context, s Store) (err error) {
	p.Keys, err = seal.Open(ctx, p.DB, s.keys(), p.clock.MS())
	wrong, ok := errors.AsType[*seal.WrongKeyError](err)
	switch {
	case err == nil:
		return p.sealAll(ctx)
	case !ok:
		return err
	case wrong.Have == "":
		p.keyProblem = fmt.Errorf("the secrets in the database are sealed with the key %s, which is not here: put the file %s of this installation back, or set REGULARS_SECRET_KEY to what was in it", wrong.Known, s.keyFile())
	default:
		p.keyProblem = fmt.Errorf("the secrets in the database are sealed with the key %s, and this node has the key %s: give all nodes the same REGULARS_SECRET_KEY or file %s; to change the key, give the old one as REGULARS_SECRET_KEY_PREVIOUS", wrong.Known, wrong.Have, s.keyFile())
	}
	return nil
}

func sealedColumns() []seal.Column { return append(account.SealedColumns(), mail.SealedColumns()...) }

// sealAll seals what was kept before there was a key, or with a previous one.
func (p *Parts) sealAll(ctx context.Context) error {
	unreadable, err := p.Keys.Rotate(ctx, p.DB, sealedColumns()...)
	if err == nil && unreadable > 0 {
		p.log.WarnContext(ctx, "secrets are sealed with a key that is not here", "count", unreadable)
	}
	return err
}

// secretKey is what doctor finds out about the key.
func (p *Parts) secretKey(ctx context.Context) (string, error) {
	if p.keyProblem != nil {
		return p.keyProblem.Error(), nil
	}
	unreadable, err := p.Keys.Unreadable(ctx, p.DB, sealedColumns()...)
	if err == nil && unreadable > 0 {
		return fmt.Sprintf("%d secrets are sealed with a key that is not here: give it as REGULARS_SECRET_KEY_PREVIOUS, and start the server once", unreadable), nil
	}
	return "", err
}
