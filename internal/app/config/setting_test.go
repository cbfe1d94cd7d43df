package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestSettingsAreThoseOfTheHelp(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]Setting{}
	for _, s := range c.Settings() {
		if s.Group == "" || s.Name == "" || s.Help == "" || !s.Number && s.Unit != "" {
			t.Errorf("%+v", s)
		}
		shown[s.Name] = s
	}
	parser, err := kong.New(&Config{})
	if err != nil {
		t.Fatal(err)
	}
	visible := 0
	for _, flag := range parser.Model.Flags {
		for _, name := range flag.Envs {
			if _, ok := shown[name]; ok == flag.Hidden {
				t.Errorf("%s is listed: %t", name, ok)
			}
			if !flag.Hidden {
				visible++
			}
		}
	}
	if visible != len(shown) {
		t.Errorf("%d settings instead of %d", len(shown), visible)
	}
	for name, want := range map[string]string{
		"REGULARS_BULK_FILE_MIB": "2048 2048 MiB", "REGULARS_LEASE": "30s 30s ", "REGULARS_REGISTRATION": "open open ", "REGULARS_SECRET_KEY": "  ",
	} {
		if s := shown[name]; s.Value+" "+s.Default+" "+s.Unit != want {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// secretWords are parts of the names of settings that may hold a secret.
var secretWords = []string{"SECRET", "KEY", "PASSWORD", "TOKEN", "DATABASE_URL", "SMTP_URL"}

func TestSecretsAreMasked(t *testing.T) {
	var c Config
	all := reflect.ValueOf(&c).Elem()
	for i := range all.NumField() {
		for j := range all.Field(i).NumField() {
			if field := all.Field(i).Field(j); field.Kind() == reflect.String {
				field.SetString("scheme://hidden:hidden@visible/hidden?hidden=hidden")
			}
		}
	}
	for _, s := range c.Settings() {
		secret := false
		for _, word := range secretWords {
			secret = secret || strings.Contains(s.Name, word)
		}
		if strings.Contains(s.Value, "hidden") == secret && !s.Number && s.Value != "" {
			t.Errorf("%s shows %q", s.Name, s.Value)
		}
		if strings.HasSuffix(s.Name, "_URL") && secret && s.Value != "scheme://visible" {
			t.Errorf("%s shows %q", s.Name, s.Value)
		}
	}
	for _, url := range []string{"postgres:///x?host=h&password=hidden", "hidden", "%zz://hidden", "postgres://hidden:1/2@visible/x", "postgres://hidden:1?2@visible/x"} {
		c := Config{StorageConfig: StorageConfig{DatabaseURL: url}}
		if text := fmt.Sprint(c.Settings()); strings.Contains(text, "hidden") {
			t.Errorf("%s is shown as %s", url, text)
		}
	}
}
