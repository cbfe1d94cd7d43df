package community

import (
	"encoding/json"
	"reflect"

	"github.com/regulars/regulars/internal/audit"
)

// Changes returns the name and the settings that differ, by their names on the wire.
func Changes(old, changed Community) ([]audit.Change, error) {
	before, err := settingsByName(old.Settings)
	if err != nil {
		return nil, err
	}
	after, err := settingsByName(changed.Settings)
	if err != nil {
		return nil, err
	}
	all := []audit.Change{{Field: "name", Old: old.Name, New: changed.Name}}
	fields := reflect.TypeFor[Settings]()
	for i := range fields.NumField() {
		name := fields.Field(i).Tag.Get("json")
		all = append(all, audit.Change{Field: name, Old: before[name], New: after[name]})
	}
	return audit.Diff(all...), nil
}

func settingsByName(s Settings) (map[string]any, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	return all, json.Unmarshal(text, &all)
}
