package sheet

import (
	"bytes"
	"errors"
	"io"
)

// markupReader reads the subset of XML that workbooks are made of, several
// times faster than encoding/xml: no DTD, no namespaces, UTF-8. What it does
// not know is an error.
type markupReader struct {
	src      io.Reader
	buf      []byte
	pos, end int
	err      error // of src

	name   []byte // of the tag, without prefix; good until the next token
	attrs  []byte // of a start tag, as written
	data   []byte // of a text, decoded
	out    []byte
	single bool // the start tag is its own end
}

// markupKind is what next has read.
type markupKind int

const (
	startTag markupKind = iota + 1
	endTag
	characters
)

var (
	errMarkup = errors.New("the XML is malformed")
	errToken  = errors.New("a tag or comment of the XML is too long")
)

// maxToken is how long a tag or comment may be, and a CDATA section, which may
// hold more than a record.
const maxToken = 2 * MaxRecord

// next reads the next token; io.EOF at the end.
func (m *markupReader) next() (markupKind, error) {
	if m.single {
		m.single = false
		return endTag, nil
	}
	for {
		if !m.has(1) {
			return 0, m.err
		}
		if m.buf[m.pos] != '<' {
			return m.text()
		}
		if !m.has(2) {
			return 0, m.cut()
		}
		switch m.buf[m.pos+1] {
		case '/':
			return m.endTag()
		case '?':
			if err := m.skipTo("?>"); err != nil {
				return 0, err
			}
		case '!':
			kind, err := m.declaration()
			if kind != 0 || err != nil {
				return kind, err
			}
		default:
			return m.startTag()
		}
	}
}

// has says whether n bytes from pos on are in buf, reading more if need be.
func (m *markupReader) has(n int) bool {
	for m.end-m.pos < n {
		if m.err != nil {
			return false
		}
		if m.pos > 0 {
			m.end = copy(m.buf, m.buf[m.pos:m.end])
			m.pos = 0
		}
		if m.end == len(m.buf) {
			if len(m.buf) >= maxToken {
				m.err = errToken
				return false
			}
			grown := make([]byte, max(64<<10, 2*len(m.buf)))
			copy(grown, m.buf)
			m.buf = grown
		}
		var more int
		more, m.err = m.src.Read(m.buf[m.end:])
		m.end += more
	}
	return true
}

// cut is the error of a token that the end of src cuts off.
func (m *markupReader) cut() error {
	if errors.Is(m.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return m.err
}

// findByte returns the index of c, counted from pos, at or after from.
func (m *markupReader) findByte(c byte, from int) (int, error) {
	for {
		if m.pos+from < m.end {
			if i := bytes.IndexByte(m.buf[m.pos+from:m.end], c); i >= 0 {
				return from + i, nil
			}
		}
		from = max(from, m.end-m.pos)
		if !m.has(m.end - m.pos + 1) {
			return 0, m.cut()
		}
	}
}

// find returns the index of what, counted from pos, at or after from.
func (m *markupReader) find(what string, from int) (int, error) {
	for {
		i, err := m.findByte(what[0], from)
		if err != nil {
			return 0, err
		}
		if !m.has(i + len(what)) {
			return 0, m.cut()
		}
		if string(m.buf[m.pos+i:m.pos+i+len(what)]) == what {
			return i, nil
		}
		from = i + 1
	}
}

func (m *markupReader) skipTo(what string) error {
	i, err := m.find(what, 2)
	if err == nil {
		m.pos += i + len(what)
	}
	return err
}

// declaration reads what begins with <! and returns 0 unless it is a text.
func (m *markupReader) declaration() (markupKind, error) {
	const comment, literal = "<!--", "<![CDATA["
	if m.has(len(comment)) && string(m.buf[m.pos:m.pos+len(comment)]) == comment {
		return 0, m.skipTo("-->")
	}
	if !m.has(len(literal)) || string(m.buf[m.pos:m.pos+len(literal)]) != literal {
		return 0, errMarkup // a DTD
	}
	i, err := m.find("]]>", len(literal))
	if err != nil {
		return 0, err
	}
	m.data = m.buf[m.pos+len(literal) : m.pos+i]
	m.pos += i + len("]]>")
	if !legal(m.data) {
		return 0, errMarkup
	}
	return characters, nil
}

func (m *markupReader) endTag() (markupKind, error) {
	i, err := m.findByte('>', 2)
	if err != nil {
		return 0, err
	}
	name := m.buf[m.pos+2 : m.pos+i]
	m.name = local(name[:spaceIn(name)])
	m.pos += i + 1
	return endTag, nil
}

func (m *markupReader) startTag() (markupKind, error) {
	i, err := m.findByte('>', 1)
	quote := byte(0)
	for from := 1; err == nil; i, err = m.findByte('>', i+1) {
		if quote = quoteAfter(quote, m.buf[m.pos+from:m.pos+i]); quote == 0 {
			break
		}
		from = i
	}
	if err != nil {
		return 0, err
	}
	tag := m.buf[m.pos+1 : m.pos+i]
	m.pos += i + 1
	if bytes.IndexByte(tag, '<') >= 0 {
		return 0, errMarkup
	}
	tag, m.single = bytes.CutSuffix(tag, []byte("/"))
	space := spaceIn(tag)
	m.attrs = tag[space:]
	if m.name = local(tag[:space]); len(m.name) == 0 || !legal(m.name) {
		return 0, errMarkup
	}
	return startTag, nil
}

// quoteAfter returns the quote that is open after a part of a tag, before
// which quote was; 0 is none.
func quoteAfter(quote byte, tag []byte) byte {
	for _, c := range tag {
		switch {
		case c != '"' && c != '\'':
		case quote == 0:
			quote = c
		case quote == c:
			quote = 0
		}
	}
	return quote
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// spaceIn is where the first space in b is, or the length of b.
func spaceIn(b []byte) int {
	for i, c := range b {
		if isSpace(c) {
			return i
		}
	}
	return len(b)
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// local is name without its prefix.
func local(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}

// is says whether the tag has that name.
func (m *markupReader) is(name string) bool { return string(m.name) == name }

// attr is rawAttr as text.
func (m *markupReader) attr(name string) string {
	value, err := m.decode(m.rawAttr(name))
	if err != nil {
		return ""
	}
	return string(value)
}

// rawAttr returns an attribute of the start tag by its name without prefix, as
// written; nil when there is none.
func (m *markupReader) rawAttr(name string) []byte {
	rest := m.attrs
	for {
		rest = trimSpace(rest)
		equals := bytes.IndexByte(rest, '=')
		if equals < 0 {
			return nil
		}
		key := rest[:spaceIn(rest[:equals])]
		rest = trimSpace(rest[equals+1:])
		if len(rest) == 0 {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(local(key)) == name {
			return rest[1 : end+1]
		}
		rest = rest[end+2:]
	}
}
