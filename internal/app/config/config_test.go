package config

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestSecretIsReadFromFileVariable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(path, []byte("postgres://x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REGULARS_DATABASE_URL", "kept for the end of the test")
	if err := os.Unsetenv("REGULARS_DATABASE_URL"); err != nil {
		t.Fatal(err)
	}
	if err := ReadSecretFiles([]string{"REGULARS_DATABASE_URL_FILE=" + path, "OTHER_FILE=/nowhere", "REGULARS_DATA_FILE="}); err != nil {
		t.Fatal(err)
	}
	if got := os.Getenv("REGULARS_DATABASE_URL"); got != "postgres://x" {
		t.Errorf("read %q", got)
	}
	if err := ReadSecretFiles([]string{"REGULARS_DATABASE_URL_FILE=" + path}); err == nil {
		t.Error("a variable and its file were both taken")
	}
	if err := ReadSecretFiles([]string{"REGULARS_ADDR_FILE=/nowhere/at/all"}); err == nil {
		t.Error("a file that does not exist was passed over")
	}
}

func TestDefaultsMatchDocumentation(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != ":3333" || c.Data != "./regulars-data" || c.BulkFileMiB != 2048 || c.OpenImportMiB != 16 || c.OpenImports != 10 || c.Synchronous != "FULL" {
		t.Errorf("%+v", c)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestInvalidSettingsAreRejected(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no workers":               func(c *Config) { c.Workers = 0 },
		"a lease of nothing":       func(c *Config) { c.Lease = 0 },
		"a public URL":             func(c *Config) { c.PublicURL = "community.example.com" },
		"a provider by its name":   func(c *Config) { c.OIDCIssuer, c.OIDCClientID = "id.example.com", "x" },
		"a provider without an id": func(c *Config) { c.OIDCIssuer = "https://id.example.com" },
		"a proxy by its name":      func(c *Config) { c.Proxies = []string{"proxy.example.com"} },
	} {
		c, err := Default()
		if err != nil {
			t.Fatal(err)
		}
		if spoil(&c); c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestProxyIsNetworkOrSingleAddress(t *testing.T) {
	c := Config{ServerConfig: ServerConfig{Proxies: []string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32"}}}
	list, err := c.ProxyNetworks()
	if err != nil || len(list) != 3 || list[1].String() != "192.0.2.7/32" {
		t.Errorf("%v, %v", list, err)
	}
}

func TestURLWorksInBrowsers(t *testing.T) {
	for _, c := range []struct {
		listen, public, want string
	}{
		{"0.0.0.0:3333", "", "http://localhost:3333"},
		{"[::]:3333", "", "http://localhost:3333"},
		{"127.0.0.1:81", "", "http://127.0.0.1:81"},
		{"[::1]:81", "", "http://[::1]:81"},
		{"0.0.0.0:3333", "https://c.example.com/", "https://c.example.com"},
	} {
		addr, err := net.ResolveTCPAddr("tcp", c.listen)
		if err != nil {
			t.Fatal(err)
		}
		config := Config{ServerConfig: ServerConfig{PublicURL: c.public}}
		if got := config.BaseURL(addr); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.listen, c.public, got, c.want)
		}
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	manual, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(&Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range parser.Model.Flags {
		for _, name := range flag.Envs {
			if !flag.Hidden && !strings.Contains(string(manual), "| `"+name+"` |") {
				t.Errorf("docs/operations.md has no line for %s", name)
			}
		}
	}
}
