package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
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

var errMarkup = errors.New("the XML is malformed")

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

// text reads up to the next tag, or to the end of a part.
func (m *markupReader) text() (markupKind, error) {
	i, err := m.findByte('<', 0)
	if errors.Is(err, io.ErrUnexpectedEOF) && m.err != nil {
		i, err = m.end-m.pos, nil
	}
	if err != nil {
		return 0, err
	}
	raw := m.buf[m.pos : m.pos+i]
	m.pos += i
	m.data, err = m.decode(raw)
	return characters, err
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
	for err == nil && quoteOpen(m.buf[m.pos:m.pos+i]) {
		i, err = m.findByte('>', i+1)
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

// quoteOpen says whether a tag stops inside the value of an attribute.
func quoteOpen(tag []byte) bool {
	quote := byte(0)
	for _, c := range tag {
		switch {
		case c != '"' && c != '\'':
		case quote == 0:
			quote = c
		case quote == c:
			quote = 0
		}
	}
	return quote != 0
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

// decode replaces entities and line ends in raw; good until the next call.
func (m *markupReader) decode(raw []byte) ([]byte, error) {
	if !legal(raw) {
		return nil, errMarkup
	}
	if bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return raw, nil
	}
	m.out = m.out[:0]
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case '\r':
			if i+1 == len(raw) || raw[i+1] != '\n' {
				m.out = append(m.out, '\n')
			}
		case '&':
			end := bytes.IndexByte(raw[i:], ';')
			if end < 0 {
				return nil, errMarkup
			}
			r, err := entity(string(raw[i+1 : i+end]))
			if err != nil {
				return nil, err
			}
			m.out = utf8.AppendRune(m.out, r)
			i += end
		default:
			m.out = append(m.out, c)
		}
	}
	return m.out, nil
}

// entity is the character that &name; stands for.
func entity(name string) (rune, error) {
	switch name {
	case "amp":
		return '&', nil
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	var n uint64
	err := errMarkup
	switch {
	case len(name) > 2 && name[:2] == "#x":
		n, err = strconv.ParseUint(name[2:], 16, 32)
	case len(name) > 1 && name[0] == '#':
		n, err = strconv.ParseUint(name[1:], 10, 32)
	}
	if err != nil || n > utf8.MaxRune || n < ' ' && n != '\t' && n != '\n' && n != '\r' || !utf8.ValidRune(rune(n)) {
		return 0, fmt.Errorf("%w: entity %q", errMarkup, name)
	}
	return rune(n), nil
}

// legal says whether b is UTF-8 without the characters that XML forbids.
func legal(b []byte) bool {
	ascii := true
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(b)
}
