// Package markdown renders the texts of messages: CommonMark without raw HTML,
// with links of plain addresses, line breaks as typed, and mentions.
//
// The text of a person becomes HTML in three steps that do not trust each other:
// goldmark parses it without raw HTML and without deep nesting, the renderer
// writes links of web and mail addresses only, and bluemonday rebuilds the result
// from a list of allowed elements and attributes.
package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Options of Render.
type Options struct {
	// Mentions are the resolved tokens of Inspect, by Token.Start. The other
	// tokens stay text.
	Mentions map[int]Mention
}

// Contents are the parts of a text that have limits and permissions.
type Contents struct {
	Mentions []Token  // in order, outside code
	Links    []string // addresses of links and images, in order, as often as they occur
}

// Inspect finds the mentions and links of a text.
func Inspect(source string) Contents {
	var contents Contents
	pc := parser.NewContext()
	pc.Set(tokensKey, &contents.Mentions)
	document := parse(source, pc)
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if l, ok := n.(*link); ok && entering {
			contents.Links = append(contents.Links, l.href)
		}
		return ast.WalkContinue, nil
	}) // the function returns no error
	return contents
}

// Render returns a text as HTML for browsers: sanitised, without scripts, styles,
// images and relative links. Bidirectional controls have no effect beyond their
// part of the text.
func Render(source string, options Options) string {
	pc := parser.NewContext()
	pc.Set(mentionsKey, options.Mentions)
	document := parse(source, pc)
	var rendered bytes.Buffer
	_ = htmlRenderer.Render(&rendered, []byte(source), document) // a buffer accepts all
	return strings.TrimSuffix(sanitise(isolateControls(rendered.String())), "\n")
}

func parse(source string, pc parser.Context) ast.Node {
	content := []byte(source)
	document := textParser.Parse(text.NewReader(content), parser.WithContext(pc))
	replaceLinks(document, content, false)
	return document
}

var textParser = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewSetextHeadingParser(), 100),
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(shallow{parser.NewListParser()}, 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(shallow{parser.NewBlockquoteParser()}, 800),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithInlineParsers(
		util.Prioritized(codeSpans{parser.NewCodeSpanParser()}, 100),
		util.Prioritized(&limited{parser.NewLinkParser(), bracketsKey, mostBrackets}, 200),
		util.Prioritized(mentionParser{}, 250),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(plainLinkParser{}, 400),
		util.Prioritized(&limited{parser.NewEmphasisParser(), delimitersKey, mostDelimiters}, 500),
	),
	parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
)

var htmlRenderer = renderer.NewRenderer(renderer.WithNodeRenderers(
	util.Prioritized(html.NewRenderer(html.WithHardWraps()), 1000),
	util.Prioritized(nodeRenderer{}, 500),
))

// nodeRenderer renders the nodes of this package.
type nodeRenderer struct{}

func (nodeRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(linkKind, renderLink)
	r.Register(mentionKind, renderMention)
}
