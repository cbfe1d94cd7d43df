package directory_test

import (
	"encoding/json"
	"testing"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member/directory"
)

func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		`{"email":"ada@example.com"}`, `{"join_date":{"gte":"2026-01-01","lt":"31/12/2026"}}`, `{"country":["DE",null]}`,
		`{"plan":"gold","score":{"gt":1e400}}`, `{"score":{"gte":"0x1p-2","lte":-0.0}}`, `{"role":"","tag":["a","a"]}`, `{"":{}}`, `{"user_id":{"gt":9007199254740993}}`,
	} {
		f.Add(s)
	}
	asking := directory.NewFilterFields(append(field.DefaultFields(), field.Field{ID: "f1", Name: "Score", Field: "score", Type: field.Numerical}), directory.FilterNames{})
	f.Fuzz(func(t *testing.T, text string) {
		var filter map[string]any
		if json.Unmarshal([]byte(text), &filter) != nil {
			return
		}
		_, err := asking.Conditions(filter)
		if err != nil && errs.From(err) == nil {
			t.Errorf("rejected without a reason: %v", err)
		}
	})
}
