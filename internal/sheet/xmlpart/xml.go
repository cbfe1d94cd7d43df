package xmlpart

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/sheet/record"
)

// Reader reads the subset of XML that workbooks use, several times faster
// than encoding/xml: no DTD, no namespaces, UTF-8. Anything else is an error.
type Reader struct {
	src      io.Reader
	buf      []byte
	pos, end int
	err      error // of src

	Name []byte // of the tag, without prefix; valid until the next token
	Data []byte // of a text, decoded; valid until the next token

	attrs       []byte // of a start tag, raw
	decoded     []byte
	selfClosing bool // the start tag is also the end tag
}

// Kind is the kind of a token.
type Kind int

// The kinds of tokens.
const (
	StartTag Kind = iota + 1
	EndTag
	Characters
)

var (
	errMalformedXML = errors.New("the XML is malformed")
	errTokenTooLong = errors.New("a tag or comment of the XML is too long")
)

// maxToken is the maximum size of a tag, comment or CDATA section, more than a
// record.
const maxToken = 2 * record.MaxSize

// next reads the next token; io.EOF at the end.
func (m *Reader) next() (Kind, error) {
	if m.selfClosing {
		m.selfClosing = false
		return EndTag, nil
	}
	for {
		if !m.ensure(1) {
			return 0, m.err
		}
		if m.buf[m.pos] != '<' {
			return m.readText()
		}
		if !m.ensure(2) {
			return 0, m.truncated()
		}
		switch m.buf[m.pos+1] {
		case '/':
			return m.readEndTag()
		case '?':
			if err := m.skipTo("?>"); err != nil {
				return 0, err
			}
		case '!':
			kind, err := m.readDeclaration()
			if kind != 0 || err != nil {
				return kind, err
			}
		default:
			return m.readStartTag()
		}
	}
}

// ensure buffers n bytes from pos and reports whether there are as many.
func (m *Reader) ensure(n int) bool {
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
				m.err = errTokenTooLong
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

// truncated is the error of a token that is cut off at the end of src.
func (m *Reader) truncated() error {
	if errors.Is(m.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return m.err
}

// findByte returns the index from pos of the first c at or after from.
func (m *Reader) findByte(c byte, from int) (int, error) {
	for {
		if m.pos+from < m.end {
			if i := bytes.IndexByte(m.buf[m.pos+from:m.end], c); i >= 0 {
				return from + i, nil
			}
		}
		from = max(from, m.end-m.pos)
		if !m.ensure(m.end - m.pos + 1) {
			return 0, m.truncated()
		}
	}
}

// find returns the index from pos of the first what at or after from.
func (m *Reader) find(what string, from int) (int, error) {
	for {
		i, err := m.findByte(what[0], from)
		if err != nil {
			return 0, err
		}
		if !m.ensure(i + len(what)) {
			return 0, m.truncated()
		}
		if string(m.buf[m.pos+i:m.pos+i+len(what)]) == what {
			return i, nil
		}
		from = i + 1
	}
}

func (m *Reader) skipTo(what string) error {
	i, err := m.find(what, 2)
	if err == nil {
		m.pos += i + len(what)
	}
	return err
}

// readDeclaration reads markup that begins with <! and returns 0 unless it is
// CDATA.
func (m *Reader) readDeclaration() (Kind, error) {
	const comment, literal = "<!--", "<![CDATA["
	if m.ensure(len(comment)) && string(m.buf[m.pos:m.pos+len(comment)]) == comment {
		return 0, m.skipTo("-->")
	}
	if !m.ensure(len(literal)) || string(m.buf[m.pos:m.pos+len(literal)]) != literal {
		return 0, errMalformedXML // a DTD
	}
	i, err := m.find("]]>", len(literal))
	if err != nil {
		return 0, err
	}
	m.Data = m.buf[m.pos+len(literal) : m.pos+i]
	m.pos += i + len("]]>")
	if !isLegal(m.Data) {
		return 0, errMalformedXML
	}
	return Characters, nil
}

func (m *Reader) readEndTag() (Kind, error) {
	i, err := m.findByte('>', 2)
	if err != nil {
		return 0, err
	}
	name := m.buf[m.pos+2 : m.pos+i]
	m.Name = localName(name[:indexSpace(name)])
	m.pos += i + 1
	return EndTag, nil
}

func (m *Reader) readStartTag() (Kind, error) {
	i, err := m.findByte('>', 1)
	quote := byte(0)
	for from := 1; err == nil; i, err = m.findByte('>', i+1) {
		if quote = openQuote(quote, m.buf[m.pos+from:m.pos+i]); quote == 0 {
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
		return 0, errMalformedXML
	}
	tag, m.selfClosing = bytes.CutSuffix(tag, []byte("/"))
	space := indexSpace(tag)
	m.attrs = tag[space:]
	if m.Name = localName(tag[:space]); len(m.Name) == 0 || !isLegal(m.Name) {
		return 0, errMalformedXML
	}
	return StartTag, nil
}

// openQuote returns the quote that is open after part of a tag, given the one
// open before it; 0 is none.
func openQuote(quote byte, tag []byte) byte {
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

func indexSpace(b []byte) int {
	for i, c := range b {
		if isSpace(c) {
			return i
		}
	}
	return len(b)
}

func trimLeftSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

func localName(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}

// Is reports whether the tag has a name.
func (m *Reader) Is(name string) bool { return string(m.Name) == name }

// Attr returns an attribute decoded, "" if it is missing or malformed.
func (m *Reader) Attr(name string) string {
	value, err := m.decode(m.RawAttr(name))
	if err != nil {
		return ""
	}
	return string(value)
}

// RawAttr returns the raw value of an attribute of the start tag by its name
// without prefix; nil if it is missing.
func (m *Reader) RawAttr(name string) []byte {
	for key, value := range m.RawAttrs() {
		if string(key) == name {
			return value
		}
	}
	return nil
}

// RawAttrs iterates over the attributes of the start tag: names without prefix,
// and raw values.
func (m *Reader) RawAttrs() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for key, value, rest := cutAttr(m.attrs); key != nil; key, value, rest = cutAttr(rest) {
			if !yield(localName(key), value) {
				return
			}
		}
	}
}

// AppendDecoded appends a raw value decoded, and nothing if it is malformed.
func (m *Reader) AppendDecoded(out, raw []byte) []byte {
	value, err := m.decode(raw)
	if err != nil {
		return out
	}
	return append(out, value...)
}

// cutAttr returns the first attribute of a raw list, and the others. key is nil
// without a well-formed one.
func cutAttr(attrs []byte) (key, value, rest []byte) {
	attrs = trimLeftSpace(attrs)
	equals := bytes.IndexByte(attrs, '=')
	if equals < 0 {
		return nil, nil, nil
	}
	key = attrs[:indexSpace(attrs[:equals])]
	attrs = trimLeftSpace(attrs[equals+1:])
	if len(attrs) == 0 {
		return nil, nil, nil
	}
	end := bytes.IndexByte(attrs[1:], attrs[0])
	if end < 0 {
		return nil, nil, nil
	}
	return key, attrs[1 : end+1], attrs[end+2:]
}

// textChunk is the size at which a long text is split.
const textChunk = 64 << 10

// readText reads up to the next tag, or to the end of a part. A long text is
// split into several tokens.
func (m *Reader) readText() (Kind, error) {
	n := 0
	for {
		rest := m.buf[m.pos+n : m.end]
		if i := bytes.IndexByte(rest, '<'); i >= 0 {
			n += i
			break
		}
		if n += len(rest); n >= textChunk {
			if n = completePrefix(m.buf[m.pos : m.pos+n]); n == 0 {
				return 0, errMalformedXML
			}
			break
		}
		if !m.ensure(n + 1) {
			if err := m.truncated(); !errors.Is(err, io.ErrUnexpectedEOF) {
				return 0, err
			}
			break
		}
	}
	raw := m.buf[m.pos : m.pos+n]
	m.pos += n
	var err error
	m.Data, err = m.decode(raw)
	return Characters, err
}

// completePrefix returns the length of b without an incomplete entity,
// character or line ending at its end.
func completePrefix(b []byte) int {
	n := len(b)
	if i := bytes.LastIndexByte(b, '&'); i >= 0 && bytes.IndexByte(b[i:], ';') < 0 {
		n = i
	}
	for i := n - 1; i >= 0 && i >= n-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:n]) {
				n = i
			}
			break
		}
	}
	if n > 0 && b[n-1] == '\r' {
		n--
	}
	return n
}

// decode replaces entities and line endings in raw. The result is valid until
// the next call.
func (m *Reader) decode(raw []byte) ([]byte, error) {
	if !isLegal(raw) {
		return nil, errMalformedXML
	}
	if bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return raw, nil
	}
	m.decoded = m.decoded[:0]
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case '\r':
			if i+1 == len(raw) || raw[i+1] != '\n' {
				m.decoded = append(m.decoded, '\n')
			}
		case '&':
			end := bytes.IndexByte(raw[i:], ';')
			if end < 0 {
				return nil, errMalformedXML
			}
			r, err := decodeEntity(string(raw[i+1 : i+end]))
			if err != nil {
				return nil, err
			}
			m.decoded = utf8.AppendRune(m.decoded, r)
			i += end
		default:
			m.decoded = append(m.decoded, c)
		}
	}
	return m.decoded, nil
}

// decodeEntity returns the character of &name;.
func decodeEntity(name string) (rune, error) {
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
	err := errMalformedXML
	switch {
	case len(name) > 2 && name[:2] == "#x":
		n, err = strconv.ParseUint(name[2:], 16, 32)
	case len(name) > 1 && name[0] == '#':
		n, err = strconv.ParseUint(name[1:], 10, 32)
	}
	if err != nil || n > utf8.MaxRune || n < ' ' && n != '\t' && n != '\n' && n != '\r' || !utf8.ValidRune(rune(n)) {
		return 0, fmt.Errorf("%w: entity %q", errMalformedXML, name)
	}
	return rune(n), nil
}

// isLegal reports whether b is UTF-8 without characters that XML forbids.
func isLegal(b []byte) bool {
	ascii := true
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(b)
}
