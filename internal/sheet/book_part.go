package sheet

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// partBudget is how many bytes of XML may belong to one row or string, or to a
// whole part that is neither rows nor strings.
const partBudget = 16 << 20

var errPartBudget = errors.New("one row or string is too large")

// part is an XML part of a workbook that is being read.
type part struct {
	markupReader
	book   *book
	body   io.ReadCloser
	read   int64
	budget int64 // bytes that may be read until renew
}

// Read gives the reader of the XML its bytes, within the limits of the
// workbook.
func (p *part) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	p.read += int64(n)
	p.budget -= int64(n)
	if p.read > p.book.limit {
		return 0, errOverLimit(p.book.limit).Because(ErrDamaged)
	}
	if p.budget < 0 {
		return 0, errPartBudget
	}
	return n, err
}

// renew is called between rows and between strings.
func (p *part) renew() { p.budget = partBudget }

// token returns the kind of the next token; io.EOF at the end of the part. Its
// name, attributes and text are good until the next call.
func (p *part) token() (markupKind, error) {
	kind, err := p.next()
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, ErrDamaged) {
		return kind, err
	}
	return 0, p.book.src.blame(err)
}

// inside returns the next token of an element that has begun, where the end of
// the part is an error.
func (p *part) inside() (markupKind, error) {
	kind, err := p.token()
	if errors.Is(err, io.EOF) {
		err = p.cutOff()
	}
	return kind, err
}

// keep appends more to out up to one byte over MaxRecord, which tells that
// there was more than a record can have.
func keep(out, more []byte) []byte {
	return append(out, more[:min(len(more), MaxRecord+1-len(out))]...)
}

// appendText keeps the text of an element that has begun, to its end.
func (p *part) appendText(out []byte, name string) ([]byte, error) {
	for {
		kind, err := p.inside()
		if err != nil {
			return out, err
		}
		if kind == characters {
			out = keep(out, p.data)
		}
		if kind == endTag && p.is(name) {
			return out, nil
		}
	}
}

// richText keeps the t elements up to the end of the element name, but not
// the phonetic ones.
func (p *part) richText(out []byte, name string) ([]byte, error) {
	phonetic := false
	for {
		kind, err := p.inside()
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

// cutOff is the error of a part that ends in the middle.
func (p *part) cutOff() error {
	return fmt.Errorf("read workbook: %w: a part ends too early", ErrDamaged)
}

func (p *part) close() { _ = p.body.Close() } // nothing was written

// unescape turns the _x000D_ of workbooks into the characters meant, where
// those can stand in a text.
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
		r, ok := escaped(s)
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

// escaped reads the _xHHHH_ that s begins with.
func escaped(s string) (rune, bool) {
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
