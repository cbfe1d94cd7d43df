package guide

import (
	"bytes"
	"fmt"
	"html"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/regulars/regulars"
	"github.com/regulars/regulars/docs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// source is the repository, for links to files that the server does not show.
const source = "https://github.com/regulars/regulars/blob/main/"

// library are the rendered guides, by name. Those of the decisions begin with
// "adr/".
type library struct {
	guides map[string]*guide
	names  []string // in the order of the navigation, decisions last
}

type guide struct {
	title    string
	content  string // HTML without the title
	sections []section
}

// section is the text below a heading.
type section struct {
	title, anchor string
	text          string // plain
}

// Result is a section that contains all words of a query.
type Result struct{ Guide, Title, URL, Excerpt string }

// load renders the guides. A link whose text is the file of a guide shows its
// title.
func load() (*library, error) {
	l := &library{guides: map[string]*guide{}}
	for _, group := range groups {
		l.names = append(l.names, group.names...)
	}
	files, err := fs.Glob(docs.Files, decisions+"/0*.md")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		l.names = append(l.names, strings.TrimSuffix(file, ".md"))
	}
	var titles []string
	for _, name := range l.names {
		content, err := read(name)
		if err != nil {
			return nil, err
		}
		one, err := render(content, fileOf(name), l.names)
		if err != nil {
			return nil, fmt.Errorf("render %s: %w", name, err)
		}
		l.guides[name] = one
		titles = append(titles, ">"+name+".md</a>", ">"+html.EscapeString(one.title)+"</a>", ">docs/"+name+".md</a>", ">"+html.EscapeString(one.title)+"</a>")
	}
	shown := strings.NewReplacer(titles...)
	for _, one := range l.guides {
		one.content = shown.Replace(one.content)
	}
	return l, nil
}

// fileOf is the file of a guide in the repository.
func fileOf(name string) string {
	switch name {
	case changelog:
		return "CHANGELOG.md"
	case decisions:
		return "docs/adr/README.md"
	}
	return "docs/" + name + ".md"
}

func read(name string) ([]byte, error) {
	if name == changelog {
		return regulars.Changelog, nil
	}
	return fs.ReadFile(docs.Files, strings.TrimPrefix(fileOf(name), "docs/"))
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// render converts a guide with a file in the repository. Raw HTML is left out.
// Links to the files of the guides with the names point to their pages.
func render(content []byte, file string, names []string) (*guide, error) {
	document := markdown.Parser().Parse(text.NewReader(content))
	one := &guide{}
	for n := document.FirstChild(); n != nil; {
		next := n.NextSibling()
		heading, isHeading := n.(*ast.Heading)
		switch {
		case n.Kind() == ast.KindHTMLBlock:
			document.RemoveChild(document, n)
		case isHeading && heading.Level == 1:
			one.title = plain(n, content)
			one.sections = append(one.sections, section{title: one.title})
			document.RemoveChild(document, n)
		case isHeading:
			anchor, _ := heading.AttributeString("id")
			id, _ := anchor.([]byte)
			one.sections = append(one.sections, section{title: plain(n, content), anchor: string(id)})
		case len(one.sections) > 0:
			last := &one.sections[len(one.sections)-1]
			last.text += plain(n, content) + " "
		}
		n = next
	}
	err := ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			relink(n, file, names)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	var rendered bytes.Buffer
	err = markdown.Renderer().Render(&rendered, content, document)
	one.content = rendered.String()
	return one, err
}

// relink points links and pictures to pages of the server.
func relink(n ast.Node, file string, names []string) {
	switch link := n.(type) {
	case *ast.Link:
		link.Destination = []byte(destination(string(link.Destination), file, names))
	case *ast.Image:
		link.Destination = append([]byte("/docs/"), link.Destination...)
	}
}

// destination is the address for a link in a file of the repository.
func destination(link, file string, names []string) string {
	to, anchor, hasAnchor := strings.Cut(link, "#")
	if hasAnchor {
		anchor = "#" + anchor
	}
	if to == "" || strings.Contains(to, "://") || strings.HasPrefix(to, "/") {
		return link
	}
	target := path.Join(path.Dir(file), to)
	for _, name := range names {
		if fileOf(name) == target {
			return "/docs/" + name + anchor
		}
	}
	if strings.HasPrefix(target, "docs/screenshots/") {
		return "/" + target
	}
	return source + target + anchor
}

// plain returns the text of a node.
func plain(n ast.Node, content []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch t := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(t.Segment.Value(content))
				if t.SoftLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.FencedCodeBlock:
			if entering {
				b.Write(t.Lines().Value(content))
			}
		default:
			if !entering && n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

// navigation returns the links to the guides; to the decisions on their pages
// only.
func (l *library) navigation(r ui.Reader, current string) (list []Group) {
	for _, group := range groups {
		g := Group{Title: r.T(group.title)}
		for _, name := range group.names {
			g.Links = append(g.Links, Link{Name: name, Title: l.guides[name].title})
		}
		list = append(list, g)
	}
	if current == decisions || strings.HasPrefix(current, decisions+"/") {
		g := Group{Title: r.T(i18n.Key("Decisions"))}
		for _, name := range l.names {
			if strings.HasPrefix(name, decisions+"/") {
				g.Links = append(g.Links, Link{Name: name, Title: l.guides[name].title})
			}
		}
		list = append(list, g)
	}
	return list
}

// Bounds of a search.
const (
	mostWords   = 8
	mostResults = 40
	excerptSize = 160
)

// search returns the sections that contain all words of a query: those with the
// words in their title, and the others.
func (l *library) search(query string) (titled, others []Result) {
	words := strings.Fields(strings.ToLower(query))
	words = words[:min(len(words), mostWords)]
	if len(words) == 0 {
		return nil, nil
	}
	all := func(text string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	}
	for _, name := range l.names {
		for _, s := range l.guides[name].sections {
			title := strings.ToLower(s.title)
			if !all(title + " " + strings.ToLower(s.text)) {
				continue
			}
			r := Result{Guide: l.guides[name].title, Title: s.title, URL: "/docs/" + name, Excerpt: excerpt(s.text, words[0])}
			if s.anchor != "" {
				r.URL += "#" + s.anchor
			}
			if all(title) {
				titled = append(titled, r)
			} else {
				others = append(others, r)
			}
		}
	}
	return titled, others
}

// excerpt returns the text around the first occurrence of a word.
func excerpt(text, word string) string {
	at := max(strings.Index(strings.ToLower(text), word), 0)
	from := max(at-excerptSize/3, 0)
	from += strings.IndexByte(text[from:], ' ') + 1
	if at < excerptSize/3 {
		from = 0
	}
	from = min(from, len(text))
	shown := strings.ToValidUTF8(text[from:min(from+excerptSize, len(text))], "")
	if from+excerptSize < len(text) {
		shown += "…"
	}
	if from > 0 {
		shown = "…" + shown
	}
	return shown
}
