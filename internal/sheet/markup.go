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

// find returns the index of what, counted from pos, at or after from.
func (m *markupReader) find(what string, from int) (int, error) {
	for {
		if m.pos+from <= m.end {
			if i := bytes.Index(m.buf[m.pos+from:m.end], []byte(what)); i >= 0 {
				return from + i, nil
			}
		}
		from = max(from, m.end-m.pos-len(what)+1)
		if !m.has(m.end - m.pos + 1) {
			return 0, m.cut()
		}
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
	i, err := m.find("<", 0)
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
	i, err := m.find(">", 2)
	if err != nil {
		return 0, err
	}
	m.name = local(bytes.TrimRight(m.buf[m.pos+2:m.pos+i], " \t\r\n"))
	m.pos += i + 1
	return endTag, nil
}

func (m *markupReader) startTag() (markupKind, error) {
	i, err := m.find(">", 1)
	for err == nil && quoteOpen(m.buf[m.pos:m.pos+i]) {
		i, err = m.find(">", i+1)
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
	m.attrs = nil
	if space := bytes.IndexAny(tag, " \t\r\n"); space >= 0 {
		tag, m.attrs = tag[:space], tag[space:]
	}
	if m.name = local(tag); len(m.name) == 0 || !legal(m.name) {
		return 0, errMarkup
	}
	return startTag, nil
}

// quoteOpen says whether a tag stops inside the value of an attribute.
func quoteOpen(tag []byte) bool {
	for {
		i := bytes.IndexAny(tag, `"'`)
		if i < 0 {
			return false
		}
		end := bytes.IndexByte(tag[i+1:], tag[i])
		if end < 0 {
			return true
		}
		tag = tag[i+end+2:]
	}
}

// local is name without its prefix.
func local(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}

// is says whether the tag has that name.
func (m *markupReader) is(name string) bool { return string(m.name) == name }

// attr returns an attribute of the start tag by its name without prefix; ""
// when there is none.
func (m *markupReader) attr(name string) string {
	rest := m.attrs
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		equals := bytes.IndexByte(rest, '=')
		if equals < 0 {
			return ""
		}
		key := bytes.TrimRight(rest[:equals], " \t\r\n")
		rest = bytes.TrimLeft(rest[equals+1:], " \t\r\n")
		if len(rest) == 0 {
			return ""
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return ""
		}
		if string(local(key)) == name {
			value, err := m.decode(rest[1 : end+1])
			if err != nil {
				return ""
			}
			return string(value)
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
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return utf8.Valid(b)
}
