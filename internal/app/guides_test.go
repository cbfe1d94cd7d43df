package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/regulars/regulars/docs"
)

var (
	documentedCommand = regexp.MustCompile(`(?m)^regulars ([^#<>|\n]*(?:<\w+>[^#<>|\n]*)*)`)
	documentedAddress = regexp.MustCompile(`(?:\b(GET|POST|PUT|DELETE) )?(/v1/[\w{}/.$-]+)`)
	variable          = regexp.MustCompile(`\{\w+\}|\$\w+|[0-9a-f]{24}`)
)

// TestGuidesNameCommandsAndAddressesThatExist parses the commands of the guides,
// and finds their addresses in the document of the API.
func TestGuidesNameCommandsAndAddressesThatExist(t *testing.T) {
	guides := map[string]string{}
	names, err := fs.Glob(docs.Files, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(docs.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		guides[name] = string(text)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	guides["README.md"] = string(readme)
	operations := map[string]bool{} // by path, and by method and path
	for path, item := range API().OpenAPI().Paths {
		path = variable.ReplaceAllString(path, "{}")
		for method, exists := range map[string]bool{"GET": item.Get != nil, "POST": item.Post != nil, "PUT": item.Put != nil, "DELETE": item.Delete != nil} {
			operations[method+path], operations[path] = exists, true
		}
	}
	commands, addresses := 0, 0
	for name, text := range guides {
		for _, m := range documentedCommand.FindAllStringSubmatch(text, -1) {
			commands++
			parser, err := kong.New(&cli{}, kong.Exit(func(int) {}))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(strings.Fields(strings.ReplaceAll(m[1], "'My community'", "name"))); err != nil {
				t.Errorf("%s: regulars %s: %v", name, m[1], err)
			}
		}
		for _, m := range documentedAddress.FindAllStringSubmatch(text, -1) {
			addresses++
			path := strings.TrimRight(variable.ReplaceAllString(m[2], "{}"), "./")
			if !operations[m[1]+path] && !operations[m[1]+path+"/{}"] {
				t.Errorf("%s: %s does not exist", name, strings.TrimSpace(m[0]))
			}
		}
	}
	if commands < 5 || addresses < 20 {
		t.Errorf("only %d commands and %d addresses were found", commands, addresses)
	}
}
