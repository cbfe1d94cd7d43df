package xlsx

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// partBudget bounds the bytes of XML of one row or string, or of a whole part
// without rows and strings.
const partBudget = 16 << 20

var errPartTooLarge = errors.New("one row or string is too large")

// partReader reads the XML of a part.
type partReader struct {
	xmlReader
	book   *workbook
	body   io.ReadCloser
	read   int64
	budget int64 // bytes that may be read before resetBudget
}

// Read reads the part within the limits of the workbook.
func (p *partReader) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	p.read += int64(n)
	p.budget -= int64(n)
	if p.read > p.book.limit {
		return 0, unpack.OverLimit(p.book.limit).Because(unpack.ErrDamaged)
	}
	if p.budget < 0 {
		return 0, errPartTooLarge
	}
	return n, err
}

// resetBudget starts the next row or string.
func (p *partReader) resetBudget() { p.budget = partBudget }

// token returns the kind of the next token; io.EOF at the end of the part.
// Name, attributes and text are valid until the next call.
func (p *partReader) token() (tokenKind, error) {
	kind, err := p.next()
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, unpack.ErrDamaged) {
		return kind, err
	}
	return 0, p.book.src.WrapError(err)
}

// innerToken returns the next token inside an element, where the end of the
// part is an error.
func (p *partReader) innerToken() (tokenKind, error) {
	kind, err := p.token()
	if errors.Is(err, io.EOF) {
		err = p.truncatedError()
	}
	return kind, err
}

// appendLimited appends more to out up to record.MaxSize+1 bytes; the extra byte
// marks a text that is too long.
func appendLimited(out, more []byte) []byte {
	return append(out, more[:min(len(more), record.MaxSize+1-len(out))]...)
}

// appendText appends the text up to the end tag name.
func (p *partReader) appendText(out []byte, name string) ([]byte, error) {
	for {
		kind, err := p.innerToken()
		if err != nil {
			return out, err
		}
		if kind == characters {
			out = appendLimited(out, p.data)
		}
		if kind == endTag && p.is(name) {
			return out, nil
		}
	}
}

// appendRichText appends the t elements up to the end tag name, without
// phonetic ones.
func (p *partReader) appendRichText(out []byte, name string) ([]byte, error) {
	phonetic := false
	for {
		kind, err := p.innerToken()
		if err != nil {
			return out, err
		}
		switch {
		case p.is("rPh") && kind != characters:
			phonetic = kind == startTag
		case kind == startTag && p.is("t") && !phonetic:
			if out, err = p.appendText(out, "t"); err != nil {
				return out, err
			}
		case kind == endTag && p.is(name):
			return out, nil
		}
	}
}

// truncatedError is the error of a part that ends inside an element.
func (p *partReader) truncatedError() error {
	return fmt.Errorf("read workbook: %w: a part ends too early", unpack.ErrDamaged)
}

func (p *partReader) close() { _ = p.body.Close() } // nothing was written

// unescape replaces escapes such as _x000D_ with their characters, unless
// these are invalid in text.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 {
			break
		}
		out.WriteString(s[:i])
		s = s[i:]
		r, ok := parseEscape(s)
		if !ok {
			out.WriteString("_x")
			s = s[2:]
			continue
		}
		out.WriteRune(r)
		s = s[len("_x0000_"):]
	}
	out.WriteString(s)
	return out.String()
}

// parseEscape parses the _xHHHH_ at the start of s.
func parseEscape(s string) (rune, bool) {
	if len(s) < 7 || s[6] != '_' {
		return 0, false
	}
	r := rune(0)
	for _, c := range s[2:6] {
		digit := strings.IndexRune("0123456789abcdef", c|0x20)
		if digit < 0 {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, r != 0 && (r < 0xd800 || r > 0xdfff)
}
