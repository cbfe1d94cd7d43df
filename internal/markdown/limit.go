package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// deepest is the number of quotes and lists within each other; the marks of
// deeper ones are text.
const deepest = 20

// shallow limits the depth of the blocks of a parser.
type shallow struct{ parser.BlockParser }

func (s shallow) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		if k := n.Kind(); k == ast.KindList || k == ast.KindBlockquote {
			depth++
		}
	}
	if depth >= deepest {
		return nil, parser.NoChildren
	}
	return s.BlockParser.Open(parent, reader, pc)
}

// The time of goldmark grows with the square of the number of brackets and of
// delimiters of emphasis. Those beyond a limit are text. A message has at most 20
// links.
const (
	mostBrackets   = 400
	mostDelimiters = 1000
)

var bracketsKey, delimitersKey = parser.NewContextKey(), parser.NewContextKey()

// limited limits the calls of a parser of inline texts.
type limited struct {
	parser.InlineParser
	key  parser.ContextKey // of the number of calls
	most int
}

func (l *limited) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if line, _ := block.PeekLine(); line[0] != '!' { // before the bracket of an image
		calls, _ := pc.Get(l.key).(int)
		if calls >= l.most {
			return nil
		}
		pc.Set(l.key, calls+1)
	}
	return l.InlineParser.Parse(parent, block, pc)
}

// CloseBlock is called at the end of a block, for brackets that are still open.
func (l *limited) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	if closer, ok := l.InlineParser.(parser.CloseBlocker); ok {
		closer.CloseBlock(parent, block, pc)
	}
}

var unclosedKey = parser.NewContextKey() // of *unclosed

// unclosed are the lengths of the rows of backticks in a block that have no end
// behind a place.
type unclosed struct {
	block   ast.Node
	lengths map[int]bool
}

// codeSpans searches the end of a code span once for each length of its marks.
type codeSpans struct{ parser.InlineParser }

func (c codeSpans) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	length := len(line) - len(bytes.TrimLeft(line, "`"))
	known, _ := pc.Get(unclosedKey).(*unclosed)
	if known == nil || known.block != parent {
		known = &unclosed{parent, map[int]bool{}}
		pc.Set(unclosedKey, known)
	}
	if known.lengths[length] {
		block.Advance(length)
		return ast.NewTextSegment(segment.WithStop(segment.Start + length))
	}
	n := c.InlineParser.Parse(parent, block, pc)
	if n != nil && n.Kind() == ast.KindText {
		known.lengths[length] = true
	}
	return n
}
