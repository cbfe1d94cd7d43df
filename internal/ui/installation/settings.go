package installation

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// SettingRow is a setting in the words of the reader.
type SettingRow struct {
	Name, Help     string
	Value, Default string // "": not set
	Code           bool   // Value is not a number
	Changed        bool   // differs from Default
}

// settingRows returns the settings that match.
func (h *handlers) settingRows(r ui.Reader, match func(Setting) bool) (rows []SettingRow) {
	for _, s := range h.Server.Settings {
		if match(s) {
			rows = append(rows, settingRow(r, s))
		}
	}
	return rows
}

func settingRow(r ui.Reader, s Setting) SettingRow {
	row := SettingRow{
		Name: s.Name, Help: strings.ReplaceAll(r.T(s.Help), "${enum}", s.Choices), Value: settingText(r, s, s.Value), Default: settingText(r, s, s.Default), Code: !s.Number,
	}
	row.Changed = row.Value != row.Default
	return row
}

func settingText(r ui.Reader, s Setting, value string) string {
	if s.Duration {
		if d, err := time.ParseDuration(value); err == nil {
			return r.Span(d)
		}
	}
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case !s.Number || err != nil:
		return value
	case s.Unit != "":
		return r.T("%s MiB", r.Number(n))
	}
	return r.Number(n)
}

// inGroups matches the settings of groups, and named ones.
func inGroups(groups []string, names ...string) func(Setting) bool {
	return func(s Setting) bool { return slices.Contains(groups, s.Group) || slices.Contains(names, s.Name) }
}

// setting returns the value of a setting.
func (h *handlers) setting(name string) string {
	for _, s := range h.Server.Settings {
		if s.Name == name {
			return s.Value
		}
	}
	return ""
}

// limitGroups are the groups of settings on the page Limits.
var limitGroups = []ui.Choice{
	{Value: "Limits", Label: i18n.Key("Requests, uploads and files")},
	{Value: "Mail", Label: i18n.Key("Mail")},
	{Value: "Communities", Label: i18n.Key("Communities")},
	{Value: "Server", Label: i18n.Key("Server and jobs")},
	{Value: "Data", Label: i18n.Key("Database")},
}
