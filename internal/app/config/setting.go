package config

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Setting is a setting with its value in force, for people. Secrets are masked.
type Setting struct {
	Group    string // Data, Log, Server, Limits, Mail, Communities or Accounts
	Name     string // environment variable
	Help     string // with ${enum} for Choices
	Choices  string
	Value    string // "": not set
	Default  string // "": none
	Number   bool   // a number or a duration
	Duration bool
	Unit     string // MiB or ""
}

// Masked replaces a secret that is set.
const Masked = "••••••••"

// Settings returns all settings but the hidden ones, in the order of the help.
func (c Config) Settings() []Setting {
	var list []Setting
	all := reflect.ValueOf(c)
	for i := range all.NumField() {
		group := all.Type().Field(i).Tag.Get("group")
		for j := range all.Field(i).NumField() {
			field := all.Field(i).Type().Field(j)
			if _, hidden := field.Tag.Lookup("hidden"); hidden {
				continue
			}
			list = append(list, settingOf(group, field, all.Field(i).Field(j)))
		}
	}
	return list
}

func settingOf(group string, field reflect.StructField, value reflect.Value) Setting {
	s := Setting{
		Group: group, Name: field.Tag.Get("env"), Help: field.Tag.Get("help"), Choices: strings.ReplaceAll(field.Tag.Get("enum"), ",", ", "),
		Default: field.Tag.Get("default"), Value: textOf(value), Duration: value.Type() == reflect.TypeFor[time.Duration](),
	}
	s.Number = value.CanInt()
	if s.Number && strings.HasSuffix(s.Name, "_MIB") {
		s.Unit = "MiB"
	}
	if s.Duration {
		if d, err := time.ParseDuration(s.Default); err == nil {
			s.Default = d.String()
		}
	}
	if kind, secret := field.Tag.Lookup("secret"); secret && s.Value != "" {
		s.Value = mask(kind, s.Value)
	}
	return s
}

func textOf(value reflect.Value) string {
	switch v := value.Interface().(type) {
	case time.Duration:
		return v.String()
	case []string:
		return strings.Join(v, ", ")
	case string:
		return v
	}
	if value.CanInt() {
		return strconv.FormatInt(value.Int(), 10)
	}
	return fmt.Sprint(value.Interface())
}

// mask hides a secret. Of an address with a password the scheme and the host
// remain.
func mask(kind, value string) string {
	if kind != "url" {
		return Masked
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.User == nil && strings.Contains(value, "@") { // a slash in the password ends the host
		return Masked
	}
	return cmp.Or(u.Scheme, "?") + "://" + u.Host
}
