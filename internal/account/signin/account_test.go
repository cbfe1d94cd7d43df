package signin_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestAnAccountIsReadBackAsItWasMade(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		created, err := w.CreateAccount(t.Context(), signin.Input{Email: " Ann@Example.com", Username: "Ann", Password: password, InstallationOwner: true})
		if err != nil {
			t.Fatal(err)
		}
		want := account.Account{
			ID: created.ID, Number: created.Number, Email: "Ann@Example.com", Username: "Ann",
			InstallationOwner: true, CreatedAt: w.now.UnixMilli(),
		}
		got, err := w.Account(t.Context(), created.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" || created != got || created.Number < 1 {
			t.Errorf("%v %s", err, diff)
		}
		_, err = w.Account(t.Context(), "nobody")
		mustFail(t, "missing account", err, errs.NotFound, "account_not_found")
	})
}

func TestEmailAndUsernameBelongToOneAccount(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		_, err := w.CreateAccount(t.Context(), signin.Input{Email: "ANN@example.com", Username: "bob"})
		mustFail(t, "email", err, errs.Conflict, "email_taken")
		_, err = w.CreateAccount(t.Context(), signin.Input{Email: "bob@example.com", Username: "Ann"})
		mustFail(t, "username", err, errs.Conflict, "username_taken")
		_, err = w.CreateAccount(t.Context(), signin.Input{Email: "ann@example.com", Username: "ANN"})
		if diff := cmp.Diff([]string{"email", "username"}, fieldsOf(err)); diff != "" {
			t.Errorf("both: %v %s", err, diff)
		}
	})
}

func TestEveryWrongFieldOfAnAccountIsNamed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		_, err := newWorld(db).CreateAccount(t.Context(), signin.Input{Email: "x", Username: "1", Password: "short"})
		if diff := cmp.Diff([]string{"email", "username", "password"}, fieldsOf(err)); diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestWeakPasswordsAreRefused(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		in := signin.Input{Email: "ann.smith@example.com", Username: "ann_smith.1"}
		for _, weak := range []string{
			"Short!1", "nospecialcharacter1", "ANN_smith.1", "ann.smith@EXAMPLE.com", "Password1!", "P@ssw0rd123!", "!!password!!",
			"Qwerty12345!", "1234567890!", "aaaaaaaaa!", "$unshine1!", "admin123456!", "Liverpool2024!", "bad\xffutf8 \xff\xff\xff\xff", strings.Repeat("x!", 501),
		} {
			in.Password = weak
			if _, err := w.CreateAccount(t.Context(), in); len(fieldsOf(err)) != 1 {
				t.Errorf("%q: %v", weak, err)
			}
		}
	})
}

func TestGoodPasswordsAreTaken(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		for i, good := range []string{"bear#8273645!", "my dog eats 7 shoes", "\u65e5\u672c\u8a9e\u306e\u30d1\u30b9\u30ef\u30fc\u30c9\u3001\u9577\u3044", "Tr0ub4dor&3x"} {
			name := string(rune('a'+i)) + "nn"
			if _, err := w.CreateAccount(t.Context(), signin.Input{Email: name + "@example.com", Username: name, Password: good}); err != nil {
				t.Errorf("%q: %v", good, err)
			}
		}
	})
}
