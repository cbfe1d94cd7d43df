package markdown

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/regulars/regulars/internal/id"
)

// Token is a place in a text that may be a mention: @username, <@id>, @all, @role
// title.
type Token struct {
	Start int      // in bytes
	ID    string   // of <@id>
	Names []string // without ID: names that may be meant, without @, the longest first
}

// Length returns the length of the mention in bytes if it means a name of Names, or
// with "" the ID.
func (t Token) Length(name string) int {
	if t.ID != "" {
		return len("<@>") + len(t.ID)
	}
	return len("@") + len(name)
}

// Mention is the meaning of a token: a member, a role or everyone.
type Mention struct {
	Length int    // of the replaced text, see Token.Length
	Label  string // without @
	User   string // id of a member
	Role   string // id of a role; everyone has neither
}

var (
	tokensKey   = parser.NewContextKey() // *[]Token to append to
	mentionsKey = parser.NewContextKey() // map[int]Mention to replace
)

// longestName is the length of the longest name in characters: of usernames and
// titles of roles.
const longestName = 50

type mentionParser struct{}

func (mentionParser) Trigger() []byte { return []byte{'@', '<'} }

func (mentionParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if resolved, ok := pc.Get(mentionsKey).(map[int]Mention); ok {
		m, found := resolved[segment.Start]
		if !found || m.Length < 1 || m.Length > len(bytes.TrimRight(line, "\r\n")) {
			return nil
		}
		block.Advance(m.Length)
		return &mention{Mention: m}
	}
	tokens, ok := pc.Get(tokensKey).(*[]Token)
	if !ok {
		return nil
	}
	if line[0] == '<' {
		if named := idAt(line); named != "" {
			*tokens = append(*tokens, Token{Start: segment.Start, ID: named})
		}
		return nil
	}
	before := block.PrecendingCharacter()
	if unicode.In(before, unicode.L, unicode.N, unicode.M) || strings.ContainsRune("@/<", before) {
		return nil // a part of an address
	}
	if names := namesAt(line[1:]); len(names) > 0 {
		*tokens = append(*tokens, Token{Start: segment.Start, Names: names})
	}
	return nil
}

// idAt returns the id of <@id> at the beginning of a line; "": none.
func idAt(line []byte) string {
	const length = len("<@") + id.Size + len(">")
	if len(line) < length || line[1] != '@' || line[length-1] != '>' {
		return ""
	}
	named := string(line[2 : length-1])
	if strings.Trim(named, "0123456789abcdef") != "" {
		return ""
	}
	return named
}

// namesAt returns the names that a line may begin with. A name ends between words
// and has no markup.
func namesAt(line []byte) (names []string) {
	end, count, inWord := 0, 0, false
	for end < len(line) && count < longestName {
		r, size := utf8.DecodeRune(line[end:])
		if unicode.IsControl(r) || strings.ContainsRune("`<[]*\\@", r) {
			break
		}
		isWord := unicode.In(r, unicode.L, unicode.N, unicode.M)
		if end > 0 && !(inWord && isWord) && line[end-1] != ' ' {
			names = append(names, string(line[:end]))
		} else if end == 0 && unicode.IsSpace(r) {
			return nil
		}
		inWord = isWord
		end += size
		count++
	}
	next, _ := utf8.DecodeRune(line[end:])
	if end > 0 && line[end-1] != ' ' && !(inWord && end < len(line) && unicode.In(next, unicode.L, unicode.N, unicode.M)) {
		names = append(names, string(line[:end]))
	}
	slices.Reverse(names)
	return names
}

type mention struct {
	ast.BaseInline
	Mention
}

var mentionKind = ast.NewNodeKind("Mention")

func (*mention) Kind() ast.NodeKind { return mentionKind }

func (m *mention) Dump(source []byte, level int) {
	ast.DumpHelper(m, source, level, map[string]string{"label": m.Label}, nil)
}

func renderMention(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	m := node.(*mention)
	_, _ = w.WriteString(`<span class="mention"`)
	for _, a := range [][2]string{{"user", m.User}, {"role", m.Role}} {
		if a[1] != "" {
			_, _ = w.WriteString(" data-" + a[0] + `="`)
			_, _ = w.Write(util.EscapeHTML([]byte(a[1])))
			_ = w.WriteByte('"')
		}
	}
	_, _ = w.WriteString(">@")
	_, _ = w.Write(util.EscapeHTML([]byte(m.Label)))
	_, _ = w.WriteString("</span>")
	return ast.WalkContinue, nil
}
