package member

import (
	"encoding/binary"

	"github.com/regulars/regulars/internal/field"
)

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
		b = field.AppendText(b, *text)
	}
	b = field.AppendTexts(field.AppendTexts(b, r.RoleIDs), r.TagIDs)
	b = binary.AppendUvarint(b, uint64(len(r.Values)))
	var err error
	for _, v := range r.Values {
		if b, err = field.AppendBinaryValue(field.AppendText(b, v.Name), v.Value); err != nil {
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

// ReadRecord reads a record that AppendBinary wrote.
func ReadRecord(in *field.BinaryReader) *Record {
	r := &Record{}
	r.Owner = in.Uint() != 0
	for _, n := range []*int64{&r.Number, &r.JoinedAt, &r.UpdatedAt} {
		*n = in.Int()
	}
	for _, text := range r.texts() {
		*text = in.String()
	}
	r.RoleIDs, r.TagIDs = in.Strings(), in.Strings()
	n := in.Uint()
	if n > uint64(len(in.Text)) {
		in.Fail()
		return r
	}
	if n > 0 {
		r.Values = make(field.Values, n)
	}
	for i := range r.Values {
		r.Values[i].Name = in.String()
		r.Values[i].Value = in.Value()
	}
	return r
}
