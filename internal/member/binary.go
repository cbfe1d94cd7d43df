package member

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// The binary form of records and values is for temporary files of the process
// that wrote them; nothing stored keeps it.

var errBinary = errors.New("the binary form of a record is damaged")

// AppendBinary appends the record to b.
func (r *Record) AppendBinary(b []byte) ([]byte, error) {
	owner := byte(0)
	if r.Owner {
		owner = 1
	}
	b = append(b, owner)
	for _, n := range []int64{r.Number, r.JoinedAt, r.UpdatedAt} {
		b = binary.AppendVarint(b, n)
	}
	for _, text := range r.texts() {
		b = appendText(b, *text)
	}
	b = appendTexts(appendTexts(b, r.RoleIDs), r.TagIDs)
	b = binary.AppendUvarint(b, uint64(len(r.Values)))
	var err error
	for _, v := range r.Values {
		if b, err = AppendBinaryValue(appendText(b, v.name), v.value); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (r *Record) texts() [13]*string {
	return [13]*string{
		&r.ID, &r.AccountID, &r.Email, &r.EmailKey, &r.Username, &r.UsernameKey, &r.State, &r.DisplayName, &r.FirstName, &r.LastName, &r.Phone, &r.Country, &r.Language,
	}
}

// BinaryReader reads what AppendBinary, AppendBinaryValue and the Append
// functions of package binary have appended. Its strings share the memory of
// the text.
type BinaryReader struct {
	Text string
	Err  error // the first one; what is read after it is zero
}

func (in *BinaryReader) fail() {
	in.Text = ""
	if in.Err == nil {
		in.Err = errBinary
	}
}

// Uint reads an unsigned varint.
func (in *BinaryReader) Uint() (n uint64) {
	for i := 0; i < len(in.Text) && i < binary.MaxVarintLen64; i++ {
		c := in.Text[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			in.Text = in.Text[i+1:]
			return n
		}
	}
	in.fail()
	return 0
}

func (in *BinaryReader) int() int64 {
	n := in.Uint()
	return int64(n>>1) ^ -int64(n&1) // zigzag, as binary.AppendVarint
}

// String reads a text that its length precedes.
func (in *BinaryReader) String() string {
	n := in.Uint()
	if n > uint64(len(in.Text)) {
		in.fail()
		return ""
	}
	text := in.Text[:n]
	in.Text = in.Text[n:]
	return text
}

func (in *BinaryReader) strings() []string {
	n := in.Uint()
	if n == 0 {
		return nil
	}
	if n--; n > uint64(len(in.Text)) {
		in.fail()
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = in.String()
	}
	return list
}

// Record reads a record.
func (in *BinaryReader) Record() *Record {
	r := &Record{}
	r.Owner = in.Uint() != 0
	for _, n := range []*int64{&r.Number, &r.JoinedAt, &r.UpdatedAt} {
		*n = in.int()
	}
	for _, text := range r.texts() {
		*text = in.String()
	}
	r.RoleIDs, r.TagIDs = in.strings(), in.strings()
	n := in.Uint()
	if n > uint64(len(in.Text)) {
		in.fail()
		return r
	}
	if n > 0 {
		r.Values = make(Values, n)
	}
	for i := range r.Values {
		r.Values[i].name = in.String()
		r.Values[i].value = in.Value()
	}
	return r
}

const (
	binaryNil = iota
	binaryString
	binaryNumber
	binaryFalse
	binaryTrue
	binaryList
)

// AppendBinaryValue appends the value of a field to b.
func AppendBinaryValue(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(b, binaryNil), nil
	case string:
		return appendText(append(b, binaryString), v), nil
	case json.Number:
		return appendText(append(b, binaryNumber), string(v)), nil
	case bool:
		if v {
			return append(b, binaryTrue), nil
		}
		return append(b, binaryFalse), nil
	case []string:
		return appendTexts(append(b, binaryList), v), nil
	}
	return nil, fmt.Errorf("binary form of a value: unexpected type %T", value)
}

// Value reads the value of a field.
func (in *BinaryReader) Value() any {
	switch in.Uint() {
	case binaryNil:
		return nil
	case binaryString:
		return in.String()
	case binaryNumber:
		return json.Number(in.String())
	case binaryFalse:
		return false
	case binaryTrue:
		return true
	case binaryList:
		return in.strings()
	}
	in.fail()
	return nil
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// appendTexts writes the length plus one, 0 for nil.
func appendTexts(b []byte, list []string) []byte {
	if list == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(list))+1)
	for _, text := range list {
		b = appendText(b, text)
	}
	return b
}

// NewBinaryReader returns a reader of a copy of b.
func NewBinaryReader(b []byte) *BinaryReader {
	return &BinaryReader{Text: string(b)}
}
