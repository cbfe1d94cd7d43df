package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/regulars/regulars/internal/account/totp"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/app/health"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
)

// openKeyring loads the secret key and seals secrets that are unsealed or sealed
// with the previous key. If the database needs another key it only sets keyErr,
// so that doctor can still run.
func (p *Services) openKeyring(ctx context.Context, s config.StorageConfig) (err error) {
	p.Keys, err = seal.Open(ctx, p.DB, s.KeySource(), p.clock.MS())
	wrong, ok := errors.AsType[*seal.WrongKeyError](err)
	switch {
	case err == nil:
		return p.rotateSecrets(ctx)
	case !ok:
		return err
	case wrong.Have == "":
		p.keyErr = fmt.Errorf("the secrets in the database are sealed with the key %s, which is missing: restore the file %s of this installation, or set REGULARS_SECRET_KEY to its content", wrong.Known, s.KeyPath())
	default:
		p.keyErr = fmt.Errorf("the secrets in the database are sealed with the key %s, but this node has the key %s: use the same REGULARS_SECRET_KEY or file %s on all nodes; to change the key, set REGULARS_SECRET_KEY_PREVIOUS to the old one", wrong.Known, wrong.Have, s.KeyPath())
	}
	return nil
}

func sealedColumns() []seal.Column { return append(totp.SealedColumns(), mail.SealedColumns()...) }

// rotateSecrets seals secrets that are unsealed or sealed with the previous key.
func (p *Services) rotateSecrets(ctx context.Context) error {
	unreadable, err := p.Keys.Rotate(ctx, p.DB, sealedColumns()...)
	if err == nil && unreadable > 0 {
		p.log.WarnContext(ctx, "secrets are sealed with an unknown key", "count", unreadable)
	}
	return err
}

// checkSecretKey checks that the key opens the secrets in the database.
func (p *Services) checkSecretKey(ctx context.Context) (health.Finding, error) {
	if p.keyErr != nil {
		return health.Failing("%s", p.keyErr.Error()), nil
	}
	unreadable, err := p.Keys.Unreadable(ctx, p.DB, sealedColumns()...)
	if err != nil || unreadable == 0 {
		return health.Finding{}, err
	}
	return health.Failing("%d secrets are sealed with an unknown key.", unreadable).
		WithRemedy("Set REGULARS_SECRET_KEY_PREVIOUS to that key and start the server once."), nil
}
