package app

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// backupFormat is the version of the archive's layout:
//
//	backup.json     description, the first entry
//	secret.key      key of the sealed secrets, unless the operator provides it
//	                (docs/adr/0010); since format 2
//	database/NAME   snapshot of the database
//	files/ID        uploaded files
//	end             empty; marks a complete archive
const backupFormat = 2

type backupInfo struct {
	Format    int            `json:"format"`
	Program   string         `json:"program"`
	CreatedAt string         `json:"createdAt"`
	SecretKey string         `json:"secretKey"` // id of the key
	Database  sqldb.Snapshot `json:"database"`
}

// writeBackup writes an archive of the database and all files. Servers may keep
// running: the snapshot of the database is consistent, and the files are read
// after it, so it references no file that the archive lacks.
//
// The archive includes the secret key if it was generated, as the data folder
// has the only copy. withoutKey leaves it out.
func writeBackup(ctx context.Context, s config.StorageConfig, withoutKey bool, to io.Writer) (err error) {
	if err := requireDatabase(s); err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, s.Address(), s.Options())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkOwnDatabase(ctx, db); err != nil {
		return err
	}
	local, err := blob.Open(s.FilesDir())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	files, err := openStore(s, local, nil)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp(s.Data, "backup-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	snapshot, err := db.WriteSnapshot(ctx, folder)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(to)
	if err := addInfo(archive, s, snapshot); err != nil {
		return err
	}
	if err := addKey(archive, s, withoutKey); err != nil {
		return err
	}
	for _, name := range snapshot.Files() {
		if err := addFile(archive, "database/"+name, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	if err := addBlobs(ctx, archive, files); err != nil {
		return err
	}
	if err := add(archive, "end", 0, time.UnixMilli(clock.Clock{}.MS()), strings.NewReader("")); err != nil {
		return err
	}
	return archive.Close()
}

func addInfo(archive *tar.Writer, s config.StorageConfig, snapshot sqldb.Snapshot) error {
	now := clock.Clock{}.MS()
	keyID, err := s.KeyID()
	if err != nil {
		return err
	}
	info, err := json.MarshalIndent(backupInfo{backupFormat, version, clock.Format(now), keyID, snapshot}, "", "  ")
	if err != nil {
		return err
	}
	return add(archive, "backup.json", int64(len(info)), time.UnixMilli(now), strings.NewReader(string(info)))
}

func addKey(archive *tar.Writer, s config.StorageConfig, without bool) error {
	if without || s.SecretKey != "" {
		return nil
	}
	err := addFile(archive, config.KeyFile, s.KeyPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // from a version without secret keys
	}
	return err
}

func addFile(archive *tar.Writer, name, path string) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return add(archive, name, info.Size(), info.ModTime(), file)
}

func addBlobs(ctx context.Context, archive *tar.Writer, files blob.Store) error {
	return files.List(ctx, func(fileID string, size int64, modified time.Time) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		file, err := files.Open(ctx, fileID)
		if errs.Is(err, "file_not_found") {
			return nil // deleted since it was listed
		}
		if err != nil {
			return err
		}
		return errors.Join(add(archive, "files/"+fileID, size, modified, file), file.Close())
	})
}

func add(archive *tar.Writer, name string, size int64, modified time.Time, content io.Reader) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: modified, Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := io.Copy(archive, content)
	return err
}

// restoreBackup restores an archive into an empty data folder (and an empty
// database). It returns the id of the secret key that is still missing, "" if
// none. It unpacks into a temporary folder first, so that an incomplete archive
// leaves nothing behind.
func restoreBackup(ctx context.Context, s config.StorageConfig, from io.Reader) (missing string, err error) {
	_, absent := os.Stat(s.Data)
	if err := requireEmptyDir(s); err != nil {
		return "", err
	}
	defer func() {
		if err != nil && errors.Is(absent, fs.ErrNotExist) {
			err = errors.Join(err, os.Remove(s.Data)) // empty
		}
	}()
	folder, err := os.MkdirTemp(s.Data, "restore-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	info, err := unpackBackup(ctx, from, folder)
	if err != nil {
		return "", err
	}
	if err := uploadFiles(ctx, config.StorageConfig{Data: folder}, s); err != nil {
		return "", err
	}
	if err := sqldb.RestoreSnapshot(ctx, s.Address(), info.Database, folder); err != nil {
		return "", errors.Join(err, removeDatabase(s))
	}
	if err := installFiles(config.StorageConfig{Data: folder}, s); err != nil {
		return "", errors.Join(err, os.RemoveAll(s.FilesDir()), removeDatabase(s))
	}
	have, err := s.KeyID()
	if err == nil && have != info.SecretKey {
		missing = info.SecretKey
	}
	return missing, err
}

// uploadFiles moves the files of an unpacked archive into the bucket of s, if it has
// one.
func uploadFiles(ctx context.Context, unpacked, s config.StorageConfig) (err error) {
	if s.FilesURL == "" {
		return nil
	}
	from, err := blob.Open(unpacked.FilesDir())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openBucket(s, s.FilesURL, nil)
	if err != nil {
		return err
	}
	m := blob.Transfer{From: from, To: to, Delete: true}
	return m.Run(ctx)
}

// installFiles moves the files and the key of an unpacked archive into s.
func installFiles(unpacked, s config.StorageConfig) error {
	if err := os.Rename(unpacked.FilesDir(), s.FilesDir()); err != nil {
		return err
	}
	if err := os.Rename(unpacked.KeyPath(), s.KeyPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func unpackBackup(ctx context.Context, from io.Reader, folder string) (info backupInfo, err error) {
	unpacked := config.StorageConfig{Data: folder}
	files, err := blob.Open(unpacked.FilesDir())
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	archive := tar.NewReader(from)
	if info, err = readInfo(archive); err != nil {
		return info, err
	}
	to := unpacker{database: folder, key: unpacked.KeyPath(), files: files, seen: entries{"backup.json": true}}
	return info, to.unpack(ctx, archive, info)
}

// removeDatabase removes the SQLite files of a failed restore.
func removeDatabase(s config.StorageConfig) (err error) {
	if s.DatabaseURL != "" {
		return nil
	}
	for _, ending := range []string{"", "-wal", "-shm", "-journal"} {
		if e := os.Remove(filepath.Join(s.Data, config.DatabaseFile) + ending); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

func readInfo(archive *tar.Reader) (backupInfo, error) {
	var info backupInfo
	header, err := archive.Next()
	if err != nil || header.Name != "backup.json" || (entries{}).check(header) != nil {
		return info, errors.New("the file is not a backup of regulars backup")
	}
	if err := json.NewDecoder(archive).Decode(&info); err != nil {
		return info, fmt.Errorf("read backup.json: %w", err)
	}
	if info.Format < 1 || info.Format > backupFormat {
		return info, fmt.Errorf("the backup has format %d; this program reads 1 to %d. Restore it with a newer version", info.Format, backupFormat)
	}
	return info, nil
}

// unpacker writes the entries of an archive into a folder.
type unpacker struct {
	database string // folder
	key      string
	files    blob.Store
	seen     entries
}

// unpack writes all entries. It fails if the archive is truncated: without its
// end or a file of the database.
func (u unpacker) unpack(ctx context.Context, archive *tar.Reader, info backupInfo) error {
	missing, complete := info.Database.Files(), false
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("the backup is damaged: %w", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := u.seen.check(header); err != nil {
			return fmt.Errorf("the backup is damaged: %q %w", header.Name, err)
		}
		kind, name, _ := strings.Cut(header.Name, "/")
		switch {
		case complete:
			err = errors.New("it follows the end entry")
		case header.Name == "end":
			complete = true
		case header.Name == config.KeyFile:
			err = writeFile(archive, u.key)
		case kind == "database" && slices.Contains(missing, name):
			missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
			err = writeFile(archive, filepath.Join(u.database, name))
		case kind == "files":
			err = writeBlob(ctx, archive, u.files, name)
		default:
			err = errors.New("unknown kind of entry")
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("restore %s: %w", header.Name, err)
		}
	}
	if !complete || len(missing) > 0 {
		return errors.New("the backup is damaged: it is incomplete")
	}
	return nil
}

func writeFile(content io.Reader, path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Sync(), file.Close())
}

func writeBlob(ctx context.Context, content io.Reader, files blob.Store, fileID string) error {
	w, err := files.CreateAs(ctx, fileID)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, content); err != nil {
		return err
	}
	return w.Commit()
}

// Size limits of the entries of a backup, in bytes.
const (
	maxInfoEntry     = 1 << 20
	maxKeyEntry      = 4 << 10
	maxFileEntry     = 64 << 30
	maxDatabaseEntry = 4 << 40
)

// entries are the names read so far, in lower case, because some file systems
// ignore case.
type entries map[string]bool

// check rejects an entry that regulars backup never writes: a link, a device, a
// folder, a sparse file, an unclean name or one outside the archive, a duplicate
// name, or an entry above the size limit of its kind.
func (e entries) check(h *tar.Header) error {
	if h.Typeflag != tar.TypeReg {
		return errors.New("is not a regular file")
	}
	if h.Linkname != "" || h.Devmajor != 0 || h.Devminor != 0 {
		return errors.New("links to another file or is a device")
	}
	for record := range h.PAXRecords {
		if strings.HasPrefix(record, "GNU.sparse.") {
			return errors.New("is a sparse file")
		}
	}
	if strings.ContainsAny(h.Name, "\\:\x00") || path.IsAbs(h.Name) || path.Clean(h.Name) != h.Name || h.Name == ".." || strings.HasPrefix(h.Name, "../") {
		return errors.New("is not a valid name")
	}
	if limit := maxEntry(h.Name); h.Size < 0 || h.Size > limit {
		return fmt.Errorf("is larger than %d bytes", limit)
	}
	name := strings.ToLower(h.Name)
	if e[name] {
		return errors.New("is in the archive twice")
	}
	e[name] = true
	return nil
}

func maxEntry(name string) int64 {
	switch kind, _, _ := strings.Cut(name, "/"); kind {
	case "backup.json":
		return maxInfoEntry
	case config.KeyFile:
		return maxKeyEntry
	case "database":
		return maxDatabaseEntry
	case "files":
		return maxFileEntry
	}
	return 0
}
