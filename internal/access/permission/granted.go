package permission

import (
	"encoding/json"
	"maps"
	"sync"
)

// decoded remembers what Granted decoded: transactions read roles from the database, and
// most roles have the same permissions.
var decoded = struct {
	sync.Mutex
	byText map[string]map[string]bool // by the first known name and the stored text
}{byText: map[string]map[string]bool{}}

// maxDecoded bounds the texts in decoded.
const maxDecoded = 1000

// Granted decodes the permissions of a stored role, and adds the known names that are
// newer. The caller may change the result.
func Granted(stored string, known []string) (map[string]bool, error) {
	decoded.Lock()
	defer decoded.Unlock()
	key := known[0] + stored
	if all, ok := decoded.byText[key]; ok {
		return maps.Clone(all), nil
	}
	var granted map[string]bool
	if err := json.Unmarshal([]byte(stored), &granted); err != nil {
		return nil, err
	}
	all, _ := Complete("", known, granted)
	if len(decoded.byText) >= maxDecoded {
		clear(decoded.byText)
	}
	decoded.byText[key] = all
	return maps.Clone(all), nil
}
