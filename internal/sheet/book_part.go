package sheet

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// partBudget is how many bytes of XML may belong to one row or string. A row
// of a thousand cells of the size Excel allows is less.
const partBudget = 64 << 20

var errPartBudget = errors.New("one row or string is too large")

// part is an XML part of a workbook that is being read.
type part struct {
	book   *book
	body   io.ReadCloser
	xml    *xml.Decoder
	read   int64
	budget int64 // bytes that may be read until renew
}

// Read gives the decoder its bytes, within the limits of the workbook.
func (p *part) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	p.read += int64(n)
	p.budget -= int64(n)
	if p.read > p.book.limit {
		return 0, errBomb(p.book.limit).Because(ErrDamaged)
	}
	if p.budget < 0 {
		return 0, errPartBudget
	}
	return n, err
}

// renew is called between rows and between strings.
func (p *part) renew() { p.budget = partBudget }

// token returns the next token; io.EOF at the end of the part. It is good
// until the next call.
func (p *part) token() (xml.Token, error) {
	token, err := p.xml.RawToken()
	if err == nil || errors.Is(err, io.EOF) {
		return token, err
	}
	if errors.Is(err, ErrDamaged) {
		return nil, err
	}
	return nil, p.book.src.blame(err)
}

// text appends the text of an element that has begun, to its end.
func (p *part) text(out []byte, name string) ([]byte, error) {
	for {
		token, err := p.token()
		if errors.Is(err, io.EOF) {
			return out, p.cut()
		}
		if err != nil {
			return out, err
		}
		switch e := token.(type) {
		case xml.CharData:
			out = append(out, e...)
		case xml.EndElement:
			if e.Name.Local == name {
				return out, nil
			}
		}
	}
}

// cut is the error of a part that ends in the middle.
func (p *part) cut() error {
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
