package spill

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/blob"
)

func testFiles(t *testing.T) Files {
	t.Helper()
	files, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	return Files{Dir: files, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
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
	s, ctx := testFiles(t), context.Background()
	rapid.Check(t, func(t *rapid.T) {
		table, err := NewKeyTable(ctx, s, 7)
		must(t, 0, err)
		defer func() { table.Close() }()
		want := map[uint64][]int64{}
		hash := rapid.Custom(func(t *rapid.T) uint64 {
			return rapid.Uint64Range(0, 3).Draw(t, "bucket")<<62 | rapid.Uint64Range(0, 40).Draw(t, "hash")
		})
		for place := range int64(rapid.IntRange(0, 400).Draw(t, "steps")) {
			h := hash.Draw(t, "h")
			if list := want[h]; len(list) > 0 && rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				must(t, 0, table.Remove(ctx, h, list[0]))
				want[h] = list[1:]
				continue
			}
			must(t, 0, table.Add(ctx, h, place))
			want[h] = append(want[h], place)
			if place%97 == 0 {
				must(t, 0, table.grow(ctx))
			}
		}
		for h, list := range want {
			got, err := table.Find(h, nil)
			must(t, 0, err)
			if !slices.Equal(slices.Sorted(slices.Values(got)), list) {
				t.Fatalf("%x is at %v, want %v", h, got, list)
			}
		}
	})
}

func TestATableOfKeysGrows(t *testing.T) {
	s, ctx := testFiles(t), t.Context()
	table, err := NewKeyTable(ctx, s, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { table.Close() }()
	const keys = 20_000
	hash := func(i uint64) uint64 { return (i + 1) * 0x9e3779b97f4a7c15 }
	for i := range uint64(keys) {
		if err := table.Add(ctx, hash(i), int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if table.bits < 10 {
		t.Errorf("%d bits for %d keys", table.bits, keys)
	}
	for i := range uint64(keys) {
		if places, err := table.Find(hash(i), nil); err != nil || !slices.Equal(places, []int64{int64(i)}) {
			t.Fatalf("key %d is at %v, %v", i, places, err)
		}
	}
}

func TestOccurrencesAreSortedInAnyMemory(t *testing.T) {
	s, ctx := testFiles(t), context.Background()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int64{1, 100, 1_000, 1 << 20}).Draw(t, "limit")
		sorter := &sorter{Files: s, limit: func() int64 { return limit }}
		defer sorter.close()
		writer := &sortedWriter{Files: s, limit: sorter.limit}
		defer func() { writer.close() }()
		want := map[uint64]int64{}
		for line := range int64(rapid.IntRange(0, 700).Draw(t, "lines")) {
			hash := rapid.Uint64Range(0, 300).Draw(t, "hash") * 0x9e3779b97f4a7c15
			want[hash] = line
			must(t, 0, sorter.add(ctx, occurrence{hash, line}))
		}
		var last occurrence
		must(t, 0, sorter.each(func(one occurrence) error {
			if byHash(one, last) < 0 {
				t.Fatalf("%v after %v", one, last)
			}
			if last = one; want[one.hash] != one.line {
				return nil
			}
			return writer.add(ctx, one)
		}))
		var found Duplicates
		var err error
		found.hashes, found.file, err = writer.finish(ctx)
		must(t, 0, err)
		for hash, line := range want {
			if got, ok, err := found.LastLine(hash); err != nil || !ok || got != line {
				t.Fatalf("%x is last on %d %v %v, want %d", hash, got, ok, err, line)
			}
			if _, ok, err := found.LastLine(hash + 1); err != nil || ok {
				t.Fatalf("%x is found: %v", hash+1, err)
			}
		}
	})
}

func TestAFilterHasEveryKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := rapid.SliceOf(rapid.Uint64()).Draw(t, "hashes")
		f := newBloomFilter(int64(len(hashes)), rapid.Int64Range(0, 1<<12).Draw(t, "bytes"))
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
