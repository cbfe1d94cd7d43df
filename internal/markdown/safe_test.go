package markdown_test

import (
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/regulars/regulars/internal/markdown"
)

// allowed are the elements of messages and their attributes.
var allowed = map[string][]string{
	"p": nil, "br": nil, "hr": nil, "em": nil, "strong": nil, "pre": nil, "blockquote": nil, "ul": nil, "li": nil, "bdi": nil,
	"h1": nil, "h2": nil, "h3": nil, "h4": nil, "h5": nil, "h6": nil,
	"ol": {"start"}, "code": {"class"}, "a": {"href", "title", "rel"}, "span": {"class", "data-user", "data-role"},
}

var webOrMail = regexp.MustCompile(`^(https?://[^/]|mailto:)`)

// checkSafe reads HTML with a tokenizer: allowed elements and attributes only, all
// closed in order, links with rel, and nothing that sanitising again changes.
func checkSafe(t *testing.T, rendered string) {
	t.Helper()
	if again := markdown.Sanitise(rendered); again != rendered {
		t.Errorf("sanitised again:\n%.2000q\nbefore:\n%.2000q", again, rendered)
	}
	var open []string
	tokens := html.NewTokenizer(strings.NewReader(rendered))
	for {
		kind := tokens.Next()
		token := tokens.Token()
		switch kind {
		case html.ErrorToken:
			if !errors.Is(tokens.Err(), io.EOF) || len(open) > 0 {
				t.Errorf("%v, open: %q in %.2000q", tokens.Err(), open, rendered)
			}
			return
		case html.TextToken:
		case html.StartTagToken:
			checkElement(t, token)
			if token.Data != "br" && token.Data != "hr" {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Errorf("</%s> ends %q in %.2000q", token.Data, open, rendered)
				return
			}
			open = open[:len(open)-1]
			if token.Data == "a" && slices.Contains(open, "a") {
				t.Errorf("a link in a link: %.2000q", rendered)
			}
		default:
			t.Errorf("%s in %.2000q", token, rendered)
		}
	}
}

func checkElement(t *testing.T, token html.Token) {
	t.Helper()
	attributes, ok := allowed[token.Data]
	if !ok {
		t.Errorf("element %s", token)
	}
	for _, a := range token.Attr {
		if !slices.Contains(attributes, a.Key) || strings.ContainsAny(a.Val, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") {
			t.Errorf("attribute %s of %s", a.Key, token)
		}
		if a.Key == "href" && !webOrMail.MatchString(a.Val) {
			t.Errorf("link %s", token)
		}
	}
	if token.Data == "a" && (token.Attr[0].Key != "href" || token.Attr[len(token.Attr)-1] != html.Attribute{Key: "rel", Val: "nofollow noopener"}) {
		t.Errorf("link %s", token)
	}
}

// examples are those of the specification of CommonMark.
func examples(t testing.TB) (list []string) {
	t.Helper()
	spec, err := os.ReadFile("testdata/spec.txt")
	if err != nil {
		t.Fatal(err)
	}
	fence := strings.Repeat("`", 32)
	for _, part := range strings.Split(string(spec), "\n"+fence+" example\n")[1:] {
		source, _, _ := strings.Cut(part, "\n.\n")
		if strings.HasPrefix(part, ".\n") {
			source = ""
		}
		list = append(list, strings.ReplaceAll(source, "→", "\t")+"\n")
	}
	if len(list) != 652 {
		t.Fatalf("%d examples", len(list))
	}
	return list
}

func TestExamplesOfCommonMarkAreSafe(t *testing.T) {
	for _, source := range examples(t) {
		checkSafe(t, render(source))
	}
}

// FuzzRender also inserts mentions, at each token.
func FuzzRender(f *testing.F) {
	for _, source := range examples(f) {
		f.Add(source)
	}
	for _, text := range bombs() {
		f.Add(text[:min(len(text), 100)])
	}
	for _, source := range attacks {
		f.Add(source)
	}
	for _, source := range []string{"[a](https://x.org/%2f?q=\"'&;#;)", "[a](https://a:b@x.org:80/ü)", "https://ü.org", "<https://x.org/[]>", "![a](http://x.org/a%b)", "\u202ea\n\u2066b", "@ben <@" + ben + ">"} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		checkSafe(t, render(source))
		mentions := map[int]markdown.Mention{}
		for _, token := range markdown.Inspect(source).Mentions {
			name := ""
			if len(token.Names) > 0 {
				name = token.Names[0]
			}
			if end := token.Start + token.Length(name); end > len(source) || source[token.Start] != '@' && source[token.Start] != '<' {
				t.Errorf("%+v is not in %q", token, source)
			}
			mentions[token.Start] = markdown.Mention{Length: token.Length(name), Label: name, User: ben}
		}
		checkSafe(t, markdown.Render(source, markdown.Options{Mentions: mentions}))
	})
}
