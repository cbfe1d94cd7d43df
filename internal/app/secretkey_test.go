package app_test

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const keysPassword = "correct-horse-battery"

// installation is a data folder with settings that is reopened several times.
type installation struct {
	*testing.T
	config config.Config
	now    time.Time
}

func newInstallation(t *testing.T, engine sqldb.Dialect) *installation {
	t.Helper()
	config, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Addr = t.TempDir(), "127.0.0.1:0"
	if engine == sqldb.Postgres {
		config.DatabaseURL = sqldbtest.Address(t, engine)
	}
	return &installation{t, config, time.Date(2026, 4, 7, 8, 50, 16, 0, time.UTC)}
}

func (h *installation) open() (*app.App, error) {
	return app.New(h.Context(), h.config, clock.At(func() time.Time { return h.now }), slog.New(slog.DiscardHandler))
}

func (h *installation) with(f func(*app.App)) {
	h.Helper()
	a, err := h.open()
	if err != nil {
		h.Fatal(err)
	}
	f(a)
	if err := a.Close(); err != nil {
		h.Fatal(err)
	}
}

// createAccount creates the account ann with two-factor authentication and returns its
// secret.
func (h *installation) createAccount() (secret string) {
	h.Helper()
	h.with(func(a *app.App) {
		_, err := a.Accounts.CreateAccount(h.Context(), signin.Input{Email: "ann@example.com", Username: "ann", Password: keysPassword})
		if err != nil {
			h.Fatal(err)
		}
		token, _, err := a.Accounts.SignIn(h.Context(), "ann", keysPassword, account.SessionInfo{})
		if err != nil {
			h.Fatal(err)
		}
		actor, err := a.Access.Authenticate(h.Context(), token)
		if err != nil {
			h.Fatal(err)
		}
		setup, err := a.Accounts.StartTOTP(h.Context(), actor, account.Proof{})
		if err != nil {
			h.Fatal(err)
		}
		if _, err := a.Accounts.ConfirmTOTP(h.Context(), actor, h.code(setup.Secret)); err != nil {
			h.Fatal(err)
		}
		secret = setup.Secret
	})
	return secret
}

func (h *installation) code(secret string) string {
	h.Helper()
	h.now = h.now.Add(time.Minute)
	code, err := totp.GenerateCode(secret, h.now)
	if err != nil {
		h.Fatal(err)
	}
	return code
}

func (h *installation) mustSignIn(what, secret string) {
	h.Helper()
	h.with(func(a *app.App) {
		if _, _, err := a.Accounts.SignInWithCode(h.Context(), "ann", keysPassword, h.code(secret), account.SessionInfo{}); err != nil {
			h.Errorf("%s: %v", what, err)
		}
	})
}

func (h *installation) mustReject(what, words string) {
	h.Helper()
	a, err := h.open()
	if err == nil {
		err = errors.Join(errors.New("it starts"), a.Close())
	}
	if !strings.Contains(err.Error(), words) {
		h.Errorf("%s: %v", what, err)
	}
}

// run runs a command of the real program on the installation.
func (h *installation) run(args ...string) (out string, err error) {
	h.Helper()
	cmd := exec.CommandContext(h.Context(), apptest.Binary(h.T), args...)
	cmd.Env = append(os.Environ(), "REGULARS_DATA="+h.config.Data, "REGULARS_DATABASE_URL="+h.config.DatabaseURL, "REGULARS_SECRET_KEY="+h.config.SecretKey, "REGULARS_MIN_FREE_MIB=0")
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func eachInstallation(t *testing.T, f func(*installation)) {
	t.Helper()
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			f(newInstallation(t, engine))
		})
	}
}

func TestTwoFactorAuthenticationSurvivesRestartAndWrongKeyIsRejected(t *testing.T) {
	eachInstallation(t, func(h *installation) {
		secret := h.createAccount()
		h.mustSignIn("after a restart", secret)
		path := filepath.Join(h.config.Data, "secret.key")
		key, err := os.ReadFile(path)
		if err != nil {
			h.Fatal(err)
		}
		if err := os.Rename(path, path+".away"); err != nil {
			h.Fatal(err)
		}
		h.mustReject("without the key", "restore the file "+path)
		if out, err := h.run("doctor"); err == nil || !strings.Contains(out, "secret key         FAILED: the secrets in the database are sealed with the key") {
			h.Errorf("doctor: %v\n%s", err, out)
		}
		h.config.SecretKey = strings.Repeat("ab", 32)
		h.mustReject("with another key", "use the same REGULARS_SECRET_KEY")
		if out, err := h.run("community", "create", "--name", "x"); err == nil || !strings.Contains(out, "REGULARS_SECRET_KEY") {
			h.Errorf("a command with another key: %v\n%s", err, out)
		}
		h.config.PreviousKey = strings.TrimSpace(string(key))
		h.mustSignIn("while the key is changed", secret)
		h.config.PreviousKey = ""
		h.mustSignIn("with the new key alone", secret)
		h.config.SecretKey = "hush"
		h.mustReject("with no key at all", "64 hex digits")
	})
}

func TestUnsealedDatabaseIsSealedAtStartup(t *testing.T) {
	eachInstallation(t, func(h *installation) {
		secret := h.createAccount()
		h.with(func(a *app.App) {
			for _, statement := range []string{"DELETE FROM secret_key", "UPDATE account_totp SET secret = '" + secret + "'"} {
				if _, err := a.DB.Exec(h.Context(), statement); err != nil {
					h.Fatal(err)
				}
			}
		})
		h.with(func(a *app.App) {
			var kept string
			if err := a.DB.QueryRow(h.Context(), "SELECT secret FROM account_totp").Scan(&kept); err != nil || strings.Contains(kept, secret) {
				h.Errorf("kept as %s (%v)", kept, err)
			}
		})
		h.mustSignIn("once it is sealed", secret)
	})
}

func TestTwoFactorAuthenticationWorksAfterRestore(t *testing.T) {
	eachInstallation(t, func(h *installation) {
		secret := h.createAccount()
		folder := h.TempDir()
		for name, args := range map[string][]string{"whole": {}, "bare": {"--without-key"}} {
			if out, err := h.run(append([]string{"backup", filepath.Join(folder, name+".tar")}, args...)...); err != nil {
				h.Fatal(err, out)
			}
		}
		h.restored(filepath.Join(folder, "whole.tar"), func(other *installation, out string) {
			if strings.Contains(out, "secret key") {
				h.Error(out)
			}
			other.mustSignIn("restored", secret)
		})
		h.restored(filepath.Join(folder, "bare.tar"), func(other *installation, out string) {
			if !strings.Contains(out, "does not contain the secret key") {
				h.Error(out)
			}
			other.mustReject("restored without the key", "restore the file")
			if err := os.Link(filepath.Join(h.config.Data, "secret.key"), filepath.Join(other.config.Data, "secret.key")); err != nil {
				h.Fatal(err)
			}
			other.mustSignIn("with the key beside it", secret)
		})
	})
}

func TestConfiguredSecretKeyIsNotInBackups(t *testing.T) {
	eachInstallation(t, func(h *installation) {
		h.config.SecretKey = strings.Repeat("ab", 32)
		secret := h.createAccount()
		archive := filepath.Join(h.TempDir(), "kept.tar")
		if out, err := h.run("backup", archive); err != nil {
			h.Fatal(err, out)
		}
		content, err := os.ReadFile(archive)
		if err != nil || strings.Contains(string(content), h.config.SecretKey) || strings.Contains(string(content), secret) {
			h.Errorf("the archive holds a secret (%v)", err)
		}
		h.restored(archive, func(other *installation, _ string) { other.mustSignIn("restored", secret) })
	})
}

// restored restores an archive to another folder and calls f with the output.
func (h *installation) restored(archive string, f func(other *installation, out string)) {
	h.Helper()
	other := &installation{h.T, h.config, h.now.Add(time.Hour)}
	other.config.Data = filepath.Join(h.TempDir(), "fresh")
	if h.config.DatabaseURL != "" {
		other.config.DatabaseURL = pgtest.EmptyURL(h)
	}
	out, err := other.run("restore", archive)
	if err != nil {
		h.Fatal(err, out)
	}
	f(other, out)
}
