package seal_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/seal"
)

func TestTokenOpensForItsPurposeOnly(t *testing.T) {
	r := seal.Random()
	sent := seal.Token{Data: `{"a": "b c"}`, ExpiresAt: 1_700_000_000_000}
	text, err := r.SealToken("one", sent)
	if err != nil || strings.Contains(text, "b c") {
		t.Fatal(text, err)
	}
	got, err := r.OpenToken("one", text)
	if err != nil || got.Data != sent.Data || got.ExpiresAt != sent.ExpiresAt || len(got.ID) < 32 {
		t.Errorf("%+v, %v", got, err)
	}
	again, err := r.SealToken("one", sent)
	if other, failed := r.OpenToken("one", again); err != nil || failed != nil || other.ID == got.ID {
		t.Errorf("two tokens have one id: %v, %v", err, failed)
	}
	for name, open := range map[string]func() (seal.Token, error){
		"another purpose": func() (seal.Token, error) { return r.OpenToken("two", text) },
		"another key":     func() (seal.Token, error) { return seal.Random().OpenToken("one", text) },
		"a changed text":  func() (seal.Token, error) { return r.OpenToken("one", text[:len(text)-4]+"AAAA") },
		"a plain text":    func() (seal.Token, error) { return r.OpenToken("one", "x 1700000000000 data") },
		"nothing":         func() (seal.Token, error) { return r.OpenToken("one", "") },
		"no key at all":   func() (seal.Token, error) { return (*seal.Keyring)(nil).OpenToken("one", text) },
		"a secret of a row": func() (seal.Token, error) {
			stored, err := r.Seal(seal.Column{Table: "t", Name: "one", Key: "id"}, "", "x 1 y")
			if err != nil {
				t.Fatal(err)
			}
			return r.OpenToken("one", stored)
		},
	} {
		if got, err := open(); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
