package spill

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
)

// KeyTable is a hash table in a temporary file, from hashes of keys to positions
// in another file. Its memory does not grow with it. A hash is in the bucket of
// its highest bits, or in the next one with space; a bucket with an empty slot
// ends the search.
type KeyTable struct {
	Files
	file *File
	bits uint  // 1<<bits buckets
	used int64 // slots that are not empty
}

const (
	slotBytes   = 16
	bucketSlots = 32
	bucketBytes = slotBytes * bucketSlots
	// batchBuckets is the number of buckets that are rewritten together when
	// the table grows.
	batchBuckets = 128
)

// FirstBits is the size of a new table.
const FirstBits = 10

// The positions of unused slots; others are stored plus one.
const (
	emptySlot   = 0
	deletedSlot = 1<<64 - 1
)

// NewKeyTable returns a table of 1<<bits buckets.
func NewKeyTable(ctx context.Context, s Files, bits uint) (*KeyTable, error) {
	file, err := s.Create(ctx)
	if err != nil {
		return nil, err
	}
	t := &KeyTable{Files: s, file: file, bits: bits}
	if err := file.truncate(ctx, bucketBytes<<bits); err != nil {
		file.Close()
		return nil, err
	}
	return t, nil
}

// Close deletes the file.
func (t *KeyTable) Close() { t.file.Close() }

func (t *KeyTable) bucketOf(hash uint64) int64 { return int64(hash >> (64 - t.bits)) } //nolint:gosec // below 1<<bits

// search visits the slots of a hash's buckets until visit returns true, or to
// the end of the first bucket with an empty slot.
func (t *KeyTable) search(hash uint64, visit func(at int64, hash, place uint64) (stop bool)) error {
	var bucket [bucketBytes]byte
	for n := range int64(1) << t.bits {
		base := (t.bucketOf(hash) + n) & (1<<t.bits - 1) * bucketBytes
		if _, err := t.file.ReadAt(bucket[:], base); err != nil {
			return err
		}
		open := false
		for at := 0; at < bucketBytes; at += slotBytes {
			place := binary.LittleEndian.Uint64(bucket[at+8:])
			open = open || place == emptySlot
			if visit(base+int64(at), binary.LittleEndian.Uint64(bucket[at:]), place) {
				return nil
			}
		}
		if open {
			return nil
		}
	}
	return nil
}

// Find appends the positions of a hash to places.
func (t *KeyTable) Find(hash uint64, places []int64) ([]int64, error) {
	err := t.search(hash, func(_ int64, h, place uint64) bool {
		if h == hash && place != emptySlot && place != deletedSlot {
			places = append(places, int64(place-1)) //nolint:gosec // was an int64
		}
		return false
	})
	return places, err
}

// Add adds a position of a hash.
func (t *KeyTable) Add(ctx context.Context, hash uint64, place int64) error {
	if t.used >= bucketSlots/2<<t.bits {
		if err := t.grow(ctx); err != nil {
			return err
		}
	}
	return t.put(ctx, hash, uint64(place)+1) //nolint:gosec // a place is not negative
}

var errTableFull = errors.New("the table of keys has no free slot")

func (t *KeyTable) put(ctx context.Context, hash, place uint64) error {
	free, was := int64(-1), uint64(0)
	err := t.search(hash, func(at int64, _, there uint64) bool {
		if there == emptySlot || there == deletedSlot {
			free, was = at, there
		}
		return free >= 0
	})
	if err != nil {
		return err
	}
	if free < 0 {
		return errTableFull
	}
	if was == emptySlot {
		t.used++
	}
	return t.write(ctx, free, hash, place)
}

func (t *KeyTable) write(ctx context.Context, at int64, hash, place uint64) error {
	var slot [slotBytes]byte
	binary.LittleEndian.PutUint64(slot[:], hash)
	binary.LittleEndian.PutUint64(slot[8:], place)
	return t.file.writeAt(ctx, slot[:], at)
}

// Remove removes a position of a hash.
func (t *KeyTable) Remove(ctx context.Context, hash uint64, place int64) error {
	found := int64(-1)
	err := t.search(hash, func(at int64, h, there uint64) bool {
		if h == hash && there == uint64(place)+1 { //nolint:gosec // a place is not negative
			found = at
		}
		return found >= 0
	})
	if err != nil || found < 0 {
		return err
	}
	return t.write(ctx, found, hash, deletedSlot)
}

// grow moves the table to a file with twice as many buckets. The hashes of a
// bucket move to two adjacent ones, so both files are passed once from front to
// back.
func (t *KeyTable) grow(ctx context.Context) error {
	larger, err := NewKeyTable(ctx, t.Files, t.bits+1)
	if err != nil {
		return err
	}
	if err := larger.fill(ctx, t); err != nil {
		larger.Close()
		return err
	}
	t.file.Close()
	*t = *larger
	return nil
}

// fill copies the slots of a table of half the size.
func (t *KeyTable) fill(ctx context.Context, from *KeyTable) error {
	type slot struct{ hash, place uint64 }
	var strays []slot // not in the bucket of their hash
	in, out := make([]byte, batchBuckets*bucketBytes), make([]byte, 2*batchBuckets*bucketBytes)
	room := make([]int, 2*batchBuckets)
	for first := int64(0); first < 1<<from.bits; first += batchBuckets {
		if _, err := from.file.ReadAt(in, first*bucketBytes); err != nil {
			return err
		}
		clear(out)
		clear(room)
		for at := 0; at < len(in); at += slotBytes {
			s := slot{binary.LittleEndian.Uint64(in[at:]), binary.LittleEndian.Uint64(in[at+8:])}
			if s.place == emptySlot || s.place == deletedSlot {
				continue
			}
			bucket := t.bucketOf(s.hash) - 2*first
			if bucket < 0 || bucket >= 2*batchBuckets || room[bucket] == bucketSlots {
				strays = append(strays, s)
				continue
			}
			to := int(bucket)*bucketBytes + room[bucket]*slotBytes
			room[bucket]++
			t.used++
			binary.LittleEndian.PutUint64(out[to:], s.hash)
			binary.LittleEndian.PutUint64(out[to+8:], s.place)
		}
		if len(bytes.Trim(out, "\x00")) == 0 {
			continue // the file reads as zeros there
		}
		if err := t.file.writeAt(ctx, out, 2*first*bucketBytes); err != nil {
			return err
		}
	}
	for _, s := range strays {
		if err := t.put(ctx, s.hash, s.place); err != nil {
			return err
		}
	}
	return nil
}
