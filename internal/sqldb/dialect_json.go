package sqldb

import "encoding/json"

// JSONKey is the argument that stands for a key of a JSON object where the
// methods below, and JSONText, take a parameter for it. A bare key would do
// for most, but not for those that look like a path.
func (d Dialect) JSONKey(key string) string {
	if d == Postgres {
		return key
	}
	quoted, err := json.Marshal(key)
	if err != nil {
		panic(err) //nolint:forbidigo // a string always encodes
	}
	return "$." + string(quoted)
}

// JSONValue returns an expression for a value of a JSON object as JSON; key
// takes a JSONKey.
func (d Dialect) JSONValue(column, key string) string {
	return d.pick("("+column+" -> "+key+")", "("+column+" -> CAST("+key+" AS TEXT))")
}

// JSONNumber returns an expression for a value of a JSON object as a number,
// to be compared with Number; key takes a JSONKey. It is NULL where the value
// is absent or no number.
func (d Dialect) JSONNumber(column, key string) string {
	return d.pick(
		"(CASE WHEN json_type("+column+", "+key+") IN ('integer', 'real') THEN "+column+" ->> "+key+" END)",
		"(CASE WHEN jsonb_typeof("+column+" -> CAST("+key+" AS TEXT)) = 'number' THEN CAST("+column+" ->> CAST("+key+" AS TEXT) AS NUMERIC) END)")
}

// Number returns an expression for a decimal number; param takes its text.
func (d Dialect) Number(param string) string {
	return d.pick("CAST("+param+" AS REAL)", "CAST("+param+" AS NUMERIC)")
}

// JSONBool is what JSONText answers for true and false, as an argument to
// compare it with.
func (d Dialect) JSONBool(value bool) any {
	if d == Postgres {
		return map[bool]string{true: "true", false: "false"}[value]
	}
	return value
}
