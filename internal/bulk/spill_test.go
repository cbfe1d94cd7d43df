package bulk

import (
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

func testSpiller(t *testing.T) spiller {
	t.Helper()
	files, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	return spiller{files: files, log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// must returns a value without an error.
func must[T any](t *rapid.T, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestATableOfKeysIsAMapOnDisk has hashes that share buckets, and repeats them.
func TestATableOfKeysIsAMapOnDisk(t *testing.T) {
	s, ctx := testSpiller(t), context.Background()
	rapid.Check(t, func(t *rapid.T) {
		table, err := newKeyTable(ctx, s, 7)
		must(t, 0, err)
		defer func() { table.close() }()
		want := map[uint64][]int64{}
		hash := rapid.Custom(func(t *rapid.T) uint64 {
			return rapid.Uint64Range(0, 3).Draw(t, "bucket")<<62 | rapid.Uint64Range(0, 40).Draw(t, "hash")
		})
		for place := range int64(rapid.IntRange(0, 400).Draw(t, "steps")) {
			h := hash.Draw(t, "h")
			if list := want[h]; len(list) > 0 && rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				must(t, 0, table.remove(ctx, h, list[0]))
				want[h] = list[1:]
				continue
			}
			must(t, 0, table.add(ctx, h, place))
			want[h] = append(want[h], place)
			if place%97 == 0 {
				must(t, 0, table.grow(ctx))
			}
		}
		for h, list := range want {
			got, err := table.find(h, nil)
			must(t, 0, err)
			if !slices.Equal(slices.Sorted(slices.Values(got)), list) {
				t.Fatalf("%x is at %v, want %v", h, got, list)
			}
		}
	})
}

func TestATableOfKeysGrows(t *testing.T) {
	s, ctx := testSpiller(t), t.Context()
	table, err := newKeyTable(ctx, s, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { table.close() }()
	const keys = 20_000
	hash := func(i uint64) uint64 { return (i + 1) * 0x9e3779b97f4a7c15 }
	for i := range uint64(keys) {
		if err := table.add(ctx, hash(i), int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if table.bits < 10 {
		t.Errorf("%d bits for %d keys", table.bits, keys)
	}
	for i := range uint64(keys) {
		if places, err := table.find(hash(i), nil); err != nil || !slices.Equal(places, []int64{int64(i)}) {
			t.Fatalf("key %d is at %v, %v", i, places, err)
		}
	}
}

func TestSightingsAreSortedInAnyMemory(t *testing.T) {
	s, ctx := testSpiller(t), context.Background()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int64{1, 100, 1_000, 1 << 20}).Draw(t, "limit")
		sorter := &sightingSorter{spiller: s, limit: func() int64 { return limit }}
		defer sorter.close()
		writer := &sightingWriter{spiller: s, limit: sorter.limit}
		defer func() { writer.close() }()
		want := map[uint64]int64{}
		for line := range int64(rapid.IntRange(0, 700).Draw(t, "lines")) {
			hash := rapid.Uint64Range(0, 300).Draw(t, "hash") * 0x9e3779b97f4a7c15
			want[hash] = line
			must(t, 0, sorter.add(ctx, sighting{hash, line}))
		}
		var last sighting
		must(t, 0, sorter.each(func(one sighting) error {
			if byHash(one, last) < 0 {
				t.Fatalf("%v after %v", one, last)
			}
			if last = one; want[one.hash] != one.line {
				return nil
			}
			return writer.add(ctx, one)
		}))
		var found repeats
		var err error
		found.hashes, found.file, err = writer.finish(ctx)
		must(t, 0, err)
		for hash, line := range want {
			if got, ok, err := found.last(hash); err != nil || !ok || got != line {
				t.Fatalf("%x is last on %d %v %v, want %d", hash, got, ok, err, line)
			}
			if _, ok, err := found.last(hash + 1); err != nil || ok {
				t.Fatalf("%x is found: %v", hash+1, err)
			}
		}
	})
}

func TestAFilterHasEveryKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := rapid.SliceOf(rapid.Uint64()).Draw(t, "hashes")
		f := newKeyFilter(int64(len(hashes)), rapid.Int64Range(0, 1<<12).Draw(t, "bytes"))
		for _, h := range hashes {
			f.add(h)
		}
		for _, h := range hashes {
			if !f.has(h) {
				t.Fatalf("%x is missing", h)
			}
		}
	})
}

// TestCarriedPeopleComeBackAsTheyWere packs, moves to disk and unpacks.
func TestCarriedPeopleComeBackAsTheyWere(t *testing.T) {
	s, ctx := testSpiller(t), context.Background()
	fields := []field.Field{{ID: "f1", Field: "plan"}, {ID: "f2", Field: "number", Identifier: true}, {ID: "f3", Field: "colours"}}
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int(), func(n int) any { return json.Number(decimalText(int64(n))) }), rapid.Map(rapid.SliceOf(rapid.String()), func(l []string) any { return l }),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return rapid.String().Draw(t, name) }
		p := &person{imagined: rapid.Bool().Draw(t, "imagined"), wasNamed: text("was named"), Record: &member.Record{
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
				if p.held == nil {
					p.held = map[*field.Field]any{}
				}
				p.held[&fields[i]] = value.Draw(t, "before")
			}
		}
		limit := rapid.SampledFrom([]int64{1, 1 << 20}).Draw(t, "limit")
		c := newCarriedPeople(s, func() int64 { return limit }, fields)
		defer c.close()
		must(t, 0, c.put(ctx, p, []uint64{7, 1 << 60}))
		must(t, 0, c.put(ctx, &person{Record: &member.Record{}}, []uint64{8, 1 << 60}))
		found, err := c.named([]uint64{7})
		must(t, 0, err)
		if both, err := c.named([]uint64{1 << 60, 7, 8}); err != nil || len(found) != 1 || len(both) != 2 {
			t.Fatalf("%d and %d people, %v", len(found), len(both), err)
		}
		got, err := c.unpack(found[0])
		must(t, 0, err)
		got.stored = nil
		same := cmp.Options{cmp.AllowUnexported(person{}), cmp.Exporter(func(reflect.Type) bool { return true })}
		if d := cmp.Diff(p, got, same); d != "" {
			t.Fatal(d)
		}
		must(t, 0, c.remove(ctx, found[0]))
		if left, err := c.named([]uint64{7, 1 << 60}); err != nil || len(left) != 1 {
			t.Fatalf("%d people are left, %v", len(left), err)
		}
	})
}
