package plan

import (
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk/spill"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

func testFiles(t *testing.T) spill.Files {
	t.Helper()
	files, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	return spill.Files{Dir: files, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// must returns a value without an error.
func must[T any](t *rapid.T, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestCarriedOverEntriesAreUnpackedUnchanged packs, moves to disk and unpacks.
func TestCarriedOverEntriesAreUnpackedUnchanged(t *testing.T) {
	s, ctx := testFiles(t), context.Background()
	fields := []field.Field{{ID: "f1", Field: "plan"}, {ID: "f2", Field: "number", Identifier: true}, {ID: "f3", Field: "colours"}}
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int(), func(n int) any { return json.Number(formatNumber(int64(n))) }), rapid.Map(rapid.SliceOf(rapid.String()), func(l []string) any { return l }),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return rapid.String().Draw(t, name) }
		p := &Entry{simulated: rapid.Bool().Draw(t, "imagined"), oldUsername: text("was named"), line: rapid.IntRange(0, 1<<40).Draw(t, "line"), Record: &member.Record{
			ID: text("id"), AccountID: text("account"), Number: rapid.Int64().Draw(t, "number"), Email: text("email"), EmailKey: text("email key"), Username: text("username"),
			UsernameKey: text("username key"), State: text("state"), Owner: rapid.Bool().Draw(t, "owner"), DisplayName: text("display"),
			FirstName: text("first"), LastName: text("last"), Phone: text("phone"), Country: text("country"), Language: text("language"),
			RoleIDs: rapid.SliceOf(rapid.String()).Draw(t, "roles"), TagIDs: rapid.SliceOf(rapid.String()).Draw(t, "tags"),
			JoinedAt: rapid.Int64().Draw(t, "joined"), UpdatedAt: rapid.Int64().Draw(t, "updated"),
		}}
		for i := range fields {
			if v := value.Draw(t, "value"); v != nil {
				p.Set(&fields[i], v)
			}
			if rapid.Bool().Draw(t, "held") {
				if p.oldIdentifiers == nil {
					p.oldIdentifiers = map[*field.Field]any{}
				}
				p.oldIdentifiers[&fields[i]] = value.Draw(t, "before")
			}
		}
		limit := rapid.SampledFrom([]int64{1, 1 << 20}).Draw(t, "limit")
		c := newCarriedEntries(s, func() int64 { return limit }, fields)
		defer c.close()
		must(t, 0, c.put(ctx, p, []uint64{7, 1 << 60}))
		must(t, 0, c.put(ctx, &Entry{Record: &member.Record{}}, []uint64{8, 1 << 60}))
		found, err := c.find([]uint64{7})
		must(t, 0, err)
		if both, err := c.find([]uint64{1 << 60, 7, 8}); err != nil || len(found) != 1 || len(both) != 2 {
			t.Fatalf("%d and %d people, %v", len(found), len(both), err)
		}
		got, err := c.unpack(found[0])
		must(t, 0, err)
		got.packed = nil
		same := cmp.Options{cmp.AllowUnexported(Entry{}), cmp.Exporter(func(reflect.Type) bool { return true })}
		if d := cmp.Diff(p, got, same); d != "" {
			t.Fatal(d)
		}
		must(t, 0, c.remove(ctx, found[0]))
		if left, err := c.find([]uint64{7, 1 << 60}); err != nil || len(left) != 1 {
			t.Fatalf("%d people are left, %v", len(left), err)
		}
	})
}
