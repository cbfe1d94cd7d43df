package markdown

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// link replaces links, images and addresses of goldmark.
type link struct {
	ast.BaseInline
	href  string
	title []byte
}

var linkKind = ast.NewNodeKind("SafeLink")

func (*link) Kind() ast.NodeKind { return linkKind }

func (l *link) Dump(source []byte, level int) {
	ast.DumpHelper(l, source, level, map[string]string{"href": l.href}, nil)
}

func renderLink(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, _ = w.WriteString("</a>")
		return ast.WalkContinue, nil
	}
	l := node.(*link)
	_, _ = w.WriteString(`<a href="`)
	_, _ = w.Write(util.EscapeHTML([]byte(l.href)))
	if l.title != nil {
		_, _ = w.WriteString(`" title="`)
		html.DefaultWriter.Write(w, l.title)
	}
	_, _ = w.WriteString(`" rel="nofollow noopener">`)
	return ast.WalkContinue, nil
}

// schemes are the schemes of links.
var schemes = []string{"http", "https", "mailto"}

// linkable returns an address in its normal form. ok is false for one that does
// not become a link: of another scheme, relative, invalid.
func linkable(address []byte) (href string, ok bool) {
	u, err := url.Parse(string(address))
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Scheme != "mailto" && u.Host == "" {
		return "", false
	}
	return u.String(), true
}

// replaceLinks replaces the links, images and addresses below a node by links of
// allowed addresses, or by their text: for other addresses, and within a link.
func replaceLinks(parent ast.Node, source []byte, within bool) {
	for n := parent.FirstChild(); n != nil; {
		next := n.NextSibling()
		switch n := n.(type) {
		case *ast.Link:
			replaceLink(parent, n, n.Destination, n.Title, source, within)
		case *ast.Image:
			replaceLink(parent, n, n.Destination, n.Title, source, within)
		case *ast.AutoLink:
			address := util.URLEscape(n.URL(source), false)
			if n.AutoLinkType == ast.AutoLinkEmail && !bytes.HasPrefix(bytes.ToLower(address), []byte("mailto:")) {
				address = append([]byte("mailto:"), address...)
			}
			label := literal(n.Label(source))
			if href, ok := linkable(address); ok && !within {
				l := &link{href: href}
				l.AppendChild(l, label)
				parent.ReplaceChild(parent, n, l)
			} else {
				parent.ReplaceChild(parent, n, label)
			}
		default:
			replaceLinks(n, source, within)
		}
		n = next
	}
}

func replaceLink(parent, n ast.Node, destination, title, source []byte, within bool) {
	href, ok := linkable(util.URLEscape(destination, true))
	ok = ok && !within
	replaceLinks(n, source, within || ok)
	if ok {
		l := &link{href: href, title: title}
		if n.FirstChild() == nil {
			l.AppendChild(l, literal([]byte(href)))
		}
		parent.InsertBefore(parent, n, l)
		for n.FirstChild() != nil {
			l.AppendChild(l, n.FirstChild())
		}
	}
	for n.FirstChild() != nil {
		parent.InsertBefore(parent, n, n.FirstChild())
	}
	parent.RemoveChild(parent, n)
}

// literal is text without markup and entities.
func literal(content []byte) ast.Node {
	s := ast.NewString(content)
	s.SetRaw(true)
	return s
}

// plainLinkParser links addresses of http and https without markup.
type plainLinkParser struct{}

func (plainLinkParser) Trigger() []byte { return []byte{':'} }

// notAddressKey is the key of the position up to which a text has no address.
var notAddressKey = parser.NewContextKey()

// Parse is called at the colon. The scheme is at the end of the text before.
func (plainLinkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	before, ok := parent.LastChild().(*ast.Text)
	if !ok || before.Segment.Stop != segment.Start || !bytes.HasPrefix(line, []byte("://")) {
		return nil
	}
	scheme := schemeBefore(before.Segment.Value(block.Source()))
	if end, _ := pc.Get(notAddressKey).(int); scheme == 0 || segment.Start < end {
		return nil
	}
	length := addressLength(line)
	start := segment.Start - scheme
	address := text.NewSegment(start, segment.Start+length)
	if _, ok := linkable(util.URLEscape(address.Value(block.Source()), false)); !ok || length > longestAddress {
		pc.Set(notAddressKey, address.Stop) // whatever begins within it: looked at once
		return nil
	}
	block.Advance(length)
	if before.Segment = before.Segment.WithStop(start); before.Segment.IsEmpty() {
		parent.RemoveChild(parent, before)
	}
	return ast.NewAutoLink(ast.AutoLinkURL, ast.NewTextSegment(address))
}

// schemeBefore returns the length of http or https at the end of a text; 0: none.
func schemeBefore(before []byte) int {
	for _, scheme := range []string{"http", "https"} {
		at := len(before) - len(scheme)
		if at < 0 || !strings.EqualFold(string(before[at:]), scheme) {
			continue
		}
		if at == 0 || !isASCIILetterOrDigit(before[at-1]) {
			return len(scheme)
		}
	}
	return 0
}

func isASCIILetterOrDigit(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// longestAddress is the length of the longest address without markup, in bytes.
const longestAddress = 2048

// addressLength returns the length of the part of an address that begins with
// "://". Punctuation at the end belongs to the sentence.
func addressLength(line []byte) int {
	const authority = len("://")
	end, round, square := authority, 0, 0 // brackets without a closing one
	for end < len(line) {
		r, size := utf8.DecodeRune(line[end:])
		switch r {
		case '(':
			round++
		case '[':
			square++
		case ')':
			round--
		case ']':
			square--
		}
		if !isAddress(r) || round < 0 || square < 0 {
			return withoutPunctuation(line[:end], authority)
		}
		end += size
	}
	return withoutPunctuation(line, authority)
}

// withoutPunctuation returns the length of an address without punctuation at its
// end, at least least.
func withoutPunctuation(address []byte, least int) int {
	end := len(address)
	for end > least && strings.IndexByte("?!.,:;*_~'(", address[end-1]) >= 0 {
		end--
	}
	return end
}

// isAddress reports whether a character may occur in an address without markup.
func isAddress(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r != 0x7f && strings.IndexByte("<>\"`\\^{|}", byte(r)) < 0
	}
	return r != utf8.RuneError && unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.S)
}
