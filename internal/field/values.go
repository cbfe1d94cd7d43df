package field

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Values are the custom values of a member, sorted by name. A slice needs a
// fraction of the memory of a map.
type Values []namedValue

type namedValue struct {
	Name  string // database name of the field
	Value any
}

func (v Values) find(name string) (int, bool) {
	return slices.BinarySearchFunc(v, name, func(n namedValue, name string) int { return strings.Compare(n.Name, name) })
}

// Get returns a value, nil if it is unset.
func (v Values) Get(name string) any {
	if i, ok := v.find(name); ok {
		return v[i].Value
	}
	return nil
}

// With sets a value, or clears it if it is nil. It may modify v.
func (v Values) With(name string, value any) Values {
	i, there := v.find(name)
	switch {
	case value == nil && there:
		return slices.Delete(v, i, i+1)
	case value == nil:
		return v
	case there:
		v[i].Value = value
		return v
	case v == nil:
		v = make(Values, 0, 4)
	}
	return slices.Insert(v, i, namedValue{name, value})
}

// Map returns the values by name, never nil.
func (v Values) Map() map[string]any {
	all := make(map[string]any, len(v))
	for _, named := range v {
		all[named.Name] = named.Value
	}
	return all
}

// Clone returns an independent copy.
func (v Values) Clone() Values { return slices.Clone(v) }

// Encode returns the JSON object for a member row.
func (v Values) Encode() string {
	if len(v) == 0 {
		return "{}"
	}
	text := make([]byte, 0, 32*len(v))
	for i, n := range v {
		sign := byte(',')
		if i == 0 {
			sign = '{'
		}
		text = append(appendString(append(text, sign), n.Name), ':')
		text = AppendValue(text, n.Value)
	}
	return string(append(text, '}'))
}

// AppendValue appends the JSON of a value, null for nil. DecodeValue reads it.
func AppendValue(text []byte, value any) []byte {
	switch value := value.(type) {
	case nil:
		return append(text, "null"...)
	case string:
		return appendString(text, value)
	case json.Number:
		return append(text, value...)
	case bool:
		return strconv.AppendBool(text, value)
	case int64:
		return strconv.AppendInt(text, value, 10)
	case []string:
		if value != nil {
			return appendStrings(text, value)
		}
	}
	return append(text, EncodeJSON(value)...)
}

func appendStrings(text []byte, list []string) []byte {
	text = append(text, '[')
	for i, s := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendString(text, s)
	}
	return append(text, ']')
}

// appendString quotes plain text without encoding/json.
func appendString(text []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf && !utf8.ValidString(s) {
			return append(text, EncodeJSON(s)...)
		}
	}
	return append(append(append(text, '"'), s...), '"')
}

// DecodeValues decodes the result of Encode, also as PostgreSQL normalises it.
func DecodeValues(text string) (Values, error) {
	if v, ok := decodePlain(text); ok {
		return v, nil
	}
	fields := map[string]any{}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, err
	}
	v := make(Values, 0, len(fields))
	for name, value := range fields {
		v = v.With(name, Native(value))
	}
	return v, nil
}

// decodePlain decodes an object of numbers and strings without escapes; ok is
// false for any other.
func decodePlain(text string) (v Values, ok bool) {
	in := plainReader{text}
	if !in.skip('{') {
		return nil, false
	}
	for !in.skip('}') {
		if len(v) > 0 && !in.skip(',') {
			return nil, false
		}
		name, ok := in.quoted()
		if !ok || !in.skip(':') {
			return nil, false
		}
		value, ok := in.value()
		if !ok {
			return nil, false
		}
		v = v.With(name, value)
	}
	return v, in.text == ""
}

type plainReader struct{ text string }

// skip skips spaces and the sign, and reports whether the sign was there.
func (in *plainReader) skip(sign byte) bool {
	in.text = strings.TrimLeft(in.text, " ")
	if in.text == "" || in.text[0] != sign {
		return false
	}
	in.text = in.text[1:]
	return true
}

func (in *plainReader) quoted() (text string, ok bool) {
	if !in.skip('"') {
		return "", false
	}
	end := strings.IndexByte(in.text, '"')
	if end < 0 {
		return "", false
	}
	text = in.text[:end]
	if strings.IndexByte(text, '\\') >= 0 {
		return in.escaped()
	}
	in.text = in.text[end+1:]
	return text, true
}

// escaped reads the rest of a string with a backslash.
func (in *plainReader) escaped() (text string, ok bool) {
	for i := 0; i < len(in.text); i++ {
		switch in.text[i] {
		case '\\':
			i++
		case '"':
			err := json.Unmarshal([]byte(`"`+in.text[:i+1]), &text)
			in.text = in.text[i+1:]
			return text, err == nil
		}
	}
	return "", false
}

func (in *plainReader) value() (any, bool) {
	in.text = strings.TrimLeft(in.text, " ")
	if in.text == "" || in.text[0] == '"' {
		return in.quoted()
	}
	end := strings.IndexAny(in.text, ",}")
	if end < 0 {
		return nil, false
	}
	value, problem := number(strings.TrimRight(in.text[:end], " "), ".")
	in.text = in.text[end:]
	return value, problem == nil
}

// Native converts a decoded JSON value to the types of FromText; numbers become
// canonical.
func Native(value any) any {
	switch v := value.(type) {
	case []any:
		list := make([]string, 0, len(v))
		for _, item := range v {
			if text, ok := item.(string); ok {
				list = append(list, text)
			}
		}
		return list
	case json.Number:
		if canonical, problem := number(v.String(), "."); problem == nil {
			return canonical
		}
	}
	return value
}

// DecodeValue reads the JSON of one value of a field; null is nil.
func DecodeValue(text []byte) (any, error) { return DecodeText(string(text)) }

// DecodeText is DecodeValue for a string.
func DecodeText(text string) (any, error) {
	if text == "null" {
		return nil, nil
	}
	var value any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err := d.Decode(&value)
	return Native(value), err
}
