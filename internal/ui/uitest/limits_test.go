package uitest_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestOversizedFormIsRejectedWithoutTemporaryFiles(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	app := apptest.New(t, sqldb.SQLite) // no form comes as far as a database
	visitor := person{t, app, ""}
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	part, err := parts.CreateFormFile("login", "login")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(bytes.Repeat([]byte{'a'}, 3<<20)); err != nil {
		t.Fatal(err)
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		got := visitor.send(method, "/sign-in", bytes.NewReader(form.Bytes()), map[string]string{"Content-Type": parts.FormDataContentType()})
		if got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s of a form with a file: %d", method, got.status)
		}
	}

	long := "login=olivia&password=" + strings.Repeat("a", 2<<20)
	for name, body := range map[string]io.Reader{"with its length": strings.NewReader(long), "in chunks": io.MultiReader(strings.NewReader(long))} {
		got := visitor.send(http.MethodPost, "/sign-in", body, map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
		if got.status != http.StatusRequestEntityTooLarge {
			t.Errorf("a long form %s: %d", name, got.status)
		}
	}
	left, err := os.ReadDir(temporary)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range left {
		if strings.HasPrefix(file.Name(), "multipart-") {
			t.Errorf("%s is left", file.Name())
		}
	}
}
