package event

import (
	"fmt"
	"reflect"
	"strings"
)

const referenceIntroduction = `# Events

Every change of a community is an event, written in the transaction of the change.
` + "`GET /v1/events`" + ` reads them in order. This page is generated from the event types.

` + "```json" + `
{"id":"6a21d1c09f3b0c4d5e6f7a8b","type":"user.joined_server","communityId":"6a21d1c09f3b0c4d5e6f7a8c","sequence":1042,
 "occurredAt":"2026-11-28T10:00:00.000Z","actor":{"type":"user","id":"6a21d1c09f3b0c4d5e6f7a8d"},
 "userId":"6a21d1c09f3b0c4d5e6f7a8d","data":{"user":{"_id":"6a21d1c09f3b0c4d5e6f7a8d","userId":7,"username":"ada","displayName":"Ada","email":"ada@example.com"},"inviteCode":null}}
` + "```" + `

| property | rule |
|---|---|
| ` + "`sequence`" + ` | from 1 in each community; the numbers of events of conversations are left out, which only live connections of their participants get. An event whose transaction began after another one had been committed has the greater sequence, and no sequence appears below one that was visible before |
| ` + "`occurredAt`" + ` | the time of the fact; a late event has an earlier time than its neighbours |
| ` + "`actor`" + ` | ` + "`user`, `key`, `hook`, `automation` or `system`" + `; absent after the member was erased |
| ` + "`userId`" + ` | the one member that the event concerns; absent if there is none, and after the member was erased |
| ` + "`data`" + ` | by type, below. After the member was erased: ` + "`{\"erased\":true}`" + ` |

To receive every event once, store ` + "`meta.next`" + ` of each page together with its effects, and
send it as ` + "`after`" + `. With ` + "`wait=30`" + ` a request is answered as soon as an event exists. Events
are kept for 30 days (` + "`REGULARS_EVENT_RETENTION_DAYS`" + `); 410 ` + "`expired`" + ` names the oldest one.

` + "`members.imported`" + ` has the ids of many members: 12 bytes each, concatenated, in base64. The
first id is the first 12 bytes in hexadecimal digits.
`

// Reference returns the documentation of event types in Markdown.
func Reference(types []Type) string {
	var b strings.Builder
	b.WriteString(referenceIntroduction)
	for _, t := range types {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", t.Name, t.Description)
		if t.Member != "" {
			fmt.Fprintf(&b, "`userId` is %s.\n\n", t.Member)
		}
		b.WriteString("| data | type | |\n|---|---|---|\n")
		writeFields(&b, "", reflect.TypeOf(t.Data))
	}
	return b.String()
}

// writeFields writes a row for each field of a struct.
func writeFields(b *strings.Builder, prefix string, t reflect.Type) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		kind, remarks := f.Type, f.Tag.Get("doc")
		if strings.Contains(options, "omitempty") {
			remarks = strings.TrimSpace(remarks + " Absent if empty.")
		}
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
			remarks = strings.TrimSpace(remarks + " Null if there is none.")
		}
		if values := f.Tag.Get("enum"); values != "" {
			remarks = strings.TrimSpace(remarks + " `" + strings.ReplaceAll(values, ",", "` `") + "`")
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s |\n", prefix, name, kindName(kind), remarks)
		if kind.Kind() == reflect.Struct {
			writeFields(b, prefix+name+".", kind)
		}
	}
}

// kindName returns the JSON type of a Go type.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "object"
	case reflect.Bool:
		return "boolean"
	case reflect.Int64:
		return "integer"
	default:
		return "string"
	}
}
