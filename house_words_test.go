package regulars_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// habits are phrases of translated English, with the number of each that 1,000
// words of comments, documents and sentences may have.
var habits = []struct {
	name  string
	match *regexp.Regexp
	limit float64
}{
	{"who, whom, whose", regexp.MustCompile(`\b(who|whom|whose|whoever)\b`), 1},
	{"somebody, nobody, everybody", regexp.MustCompile(`\b(some|no|every|any)body\b`), 0.3},
	{"stand, for is or is written", regexp.MustCompile(`\b(stands?|standing|stood)\b`), 0.3},
	{"tell, of things", regexp.MustCompile(`\b(tells?|told|telling)\b`), 0.4},
	{"any more, is gone, goes on", regexp.MustCompile(`\b(any more|(is|are|was) gone|goes? on|went on)\b`), 0.4},
	{"what is, as a noun", regexp.MustCompile(`\b[Ww]hat (is|was|were|are|has|had|became|becomes|came|stands|stays|it does|they)\b`), 0.8},
	{"take back, put back, give back", regexp.MustCompile(`\b(tak(e|es|en|ing)|put(s|ting)?|giv(e|es|en|ing)) (\w+ ){0,3}back\b`), 0.2},
	{"is no member, in whatever", regexp.MustCompile(`\b((is|are|was) no (longer )?(member|person|such|number|text|file|matter)|in whatever)\b`), 0.3},
}

// measuredFrom is the number of words from which a folder is measured for itself:
// in a smaller one a single phrase exceeds a limit.
const measuredFrom = 3_000

var (
	unread   = regexp.MustCompile(`(_test\.go|_templ\.go|\.gen\.(go|ts)|/dist/|/vendor/|node_modules|testdata|openapi\.yaml)`)
	key      = regexp.MustCompile(`^\s*"((?:[^"\\]|\\.)*)"\s*:`)
	sentence = regexp.MustCompile(`(?:v\.T|i18n\.Key|errs\.\w+)\([^"]*"((?:[^"\\]|\\.){12,})"`)
	address  = regexp.MustCompile(`https?:$`)
	starred  = regexp.MustCompile(`^\s*/?\*`)
	word     = regexp.MustCompile(`[A-Za-z']+`)
)

// texts returns what people read of a file: comments, documents and the
// sentences of the interface.
func texts(t *testing.T, file string) (read []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	extension := path.Ext(file)
	mark := "//"
	if extension == ".sql" {
		mark = "--"
	}
	for _, line := range strings.Split(string(content), "\n") {
		switch extension {
		case ".md":
			read = append(read, line)
		case ".json":
			if m := key.FindStringSubmatch(line); m != nil && strings.Contains(file, "/catalogue/de") {
				read = append(read, m[1])
			}
		case ".go", ".templ", ".sql", ".ts", ".css":
			at := strings.Index(line, mark)
			switch {
			case (extension == ".ts" || extension == ".css") && starred.MatchString(line):
				read = append(read, line)
			case at >= 0 && !address.MatchString(line[:at]):
				read = append(read, line[at+len(mark):])
			case extension == ".go" || extension == ".templ":
				for _, m := range sentence.FindAllStringSubmatch(line, -1) {
					read = append(read, m[1])
				}
			}
		}
	}
	return read
}

// tally counts words and habits.
type tally struct {
	words int
	hits  []int
	lines [][]string // with a habit, by habit
}

func (c *tally) add(file string, texts []string) {
	for _, text := range texts {
		c.words += len(word.FindAllString(text, -1))
		for i, h := range habits {
			if n := len(h.match.FindAllString(text, -1)); n > 0 {
				c.hits[i] += n
				c.lines[i] = append(c.lines[i], file+": "+strings.TrimSpace(text))
			}
		}
	}
}

// over returns the habits beyond their limits, with lines that have them.
func (c *tally) over() (report []string) {
	for i, h := range habits {
		if rate := 1000 * float64(c.hits[i]) / float64(max(c.words, 1)); rate > h.limit {
			report = append(report, fmt.Sprintf("%s: %.2f in 1,000 words, %.1f is the limit:\n%s", h.name, rate, h.limit, strings.Join(c.lines[i][:min(10, len(c.lines[i]))], "\n")))
		}
	}
	return report
}

func newTally() *tally {
	return &tally{hits: make([]int, len(habits)), lines: make([][]string, len(habits))}
}

func TestTextsArePlain(t *testing.T) {
	tree, folders := newTally(), map[string]*tally{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (file == "bin" || entry.Name() == "node_modules" || len(file) > 1 && strings.HasPrefix(entry.Name(), ".")) {
			return filepath.SkipDir
		}
		if file = filepath.ToSlash(file); entry.IsDir() || unread.MatchString(file) {
			return nil
		}
		folder := path.Dir(file)
		if folders[folder] == nil {
			folders[folder] = newTally()
		}
		read := texts(t, file)
		tree.add(file, read)
		folders[folder].add(file, read)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, report := range tree.over() {
		t.Error(report)
	}
	for folder, c := range folders {
		for _, report := range c.over() {
			if c.words >= measuredFrom {
				t.Errorf("%s: %s", folder, report)
			}
		}
	}
}

// bannedVerbs are verbs with so many meanings that a name with one says nothing.
// Use the standard term: create, store, assign, skip, renew.
var bannedVerbs = []string{"make", "take", "hold", "keep", "give", "turn", "judge", "look"}

// nouns are types that begin with a banned verb and are standard terms.
var nouns = []string{"Hold"} // on a balance

// firstWord is the first word of a name in camel case.
var firstWord = regexp.MustCompile(`^(?:[A-Z]?[a-z0-9]+|[A-Z]+)`)

// TestNamesHaveNoBannedVerbs checks the names of functions, methods and types, in
// tests too, and the components of pages.
func TestNamesHaveNoBannedVerbs(t *testing.T) {
	check := func(set *token.FileSet, name *ast.Ident) {
		verb := strings.ToLower(firstWord.FindString(name.Name))
		if !slices.Contains(nouns, name.Name) && (slices.Contains(bannedVerbs, verb) || slices.Contains(bannedVerbs, strings.TrimSuffix(verb, "s"))) {
			t.Errorf("%s: %s begins with %q: use the standard term for what it does", set.Position(name.Pos()), name.Name, verb)
		}
	}
	for _, s := range append(sources(t), testSources(t)...) {
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				check(s.set, d.Name)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if named, ok := spec.(*ast.TypeSpec); ok {
						check(s.set, named.Name)
					}
				}
			}
		}
	}
	for _, file := range generatedPages(t) {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				check(set, f.Name)
			}
		}
	}
}

// testSources are the test files of the module.
func testSources(t *testing.T) (list []source) {
	t.Helper()
	for _, file := range files(t, "_test.go") {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, source{file, parsed, set})
	}
	return list
}

func generatedPages(t *testing.T) []string {
	t.Helper()
	return files(t, "_templ.go")
}

// files are the files below the packages whose names end so.
func files(t *testing.T, ending string) (list []string) {
	t.Helper()
	for _, root := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(file, ending) {
				list = append(list, filepath.ToSlash(file))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}
