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
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// backupFormat is the version of the archive's layout:
//
//	backup.json     what it is, first
//	secret.key      what secrets in the database are sealed with, unless an
//	                operator keeps it (docs/adr/0010); since format 2
//	database/NAME   the database's snapshot
//	files/ID        every file
//	end             empty: the archive is whole
const backupFormat = 2

type backupInfo struct {
	Format    int            `json:"format"`
	Program   string         `json:"program"`
	CreatedAt string         `json:"createdAt"`
	SecretKey string         `json:"secretKey"` // id of the key
	Database  sqldb.Snapshot `json:"database"`
}

// writeBackup writes an archive of the database and of all files. Others may
// go on working: the database is as it was at one moment, and the files are
// read after it, so none that it names is missing.
//
// The key that secrets are sealed with goes with them where it is ours: who
// has not chosen one keeps it nowhere else. withoutKey leaves it out.
func writeBackup(ctx context.Context, s Store, withoutKey bool, to io.Writer) (err error) {
	if err := checkExists(s); err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, s.address(), s.options())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkProgram(ctx, db); err != nil {
		return err
	}
	files, err := blob.Open(s.filesFolder())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
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
		if err := addPath(archive, "database/"+name, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	if err := addFiles(ctx, archive, files); err != nil {
		return err
	}
	if err := add(archive, "end", 0, time.UnixMilli(clock.Clock{}.MS()), strings.NewReader("")); err != nil {
		return err
	}
	return archive.Close()
}

func addInfo(archive *tar.Writer, s Store, snapshot sqldb.Snapshot) error {
	now := clock.Clock{}.MS()
	keyID, err := s.keyID()
	if err != nil {
		return err
	}
	info, err := json.MarshalIndent(backupInfo{backupFormat, version, clock.Format(now), keyID, snapshot}, "", "  ")
	if err != nil {
		return err
	}
	return add(archive, "backup.json", int64(len(info)), time.UnixMilli(now), strings.NewReader(string(info)))
}

func addKey(archive *tar.Writer, s Store, without bool) error {
	if without || s.SecretKey != "" {
		return nil
	}
	err := addPath(archive, keyFile, s.keyFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // of before there were keys
	}
	return err
}

func addPath(archive *tar.Writer, name, path string) (err error) {
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

func addFiles(ctx context.Context, archive *tar.Writer, files *blob.Dir) error {
	return files.List(func(fileID string, size int64, modified time.Time) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		file, err := files.Open(fileID)
		if errs.Is(err, "file_not_found") {
			return nil // its time was over meanwhile
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

// readBackup fills an empty data folder (and an empty database) from an
// archive. It returns the id of the key that has to be given before the server
// can start, "" when it is there. Until the archive has proved to be whole all
// of it stays in a folder aside, so that one that is not leaves nothing behind.
func readBackup(ctx context.Context, s Store, from io.Reader) (missing string, err error) {
	_, absent := os.Stat(s.Data)
	if err := checkEmpty(s); err != nil {
		return "", err
	}
	defer func() {
		if err != nil && errors.Is(absent, fs.ErrNotExist) {
			err = errors.Join(err, os.Remove(s.Data)) // empty again
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
	if err := sqldb.RestoreSnapshot(ctx, s.address(), info.Database, folder); err != nil {
		return "", errors.Join(err, removeDatabase(s))
	}
	if err := moveIn(Store{Data: folder}, s); err != nil {
		return "", errors.Join(err, os.RemoveAll(s.filesFolder()), removeDatabase(s))
	}
	have, err := s.keyID()
	if err == nil && have != info.SecretKey {
		missing = info.SecretKey
	}
	return missing, err
}

// moveIn moves the files and the key of an unpacked archive to their places.
func moveIn(aside, s Store) error {
	if err := os.Rename(aside.filesFolder(), s.filesFolder()); err != nil {
		return err
	}
	if err := os.Rename(aside.keyFile(), s.keyFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func unpackBackup(ctx context.Context, from io.Reader, folder string) (info backupInfo, err error) {
	aside := Store{Data: folder}
	files, err := blob.Open(aside.filesFolder())
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	archive := tar.NewReader(from)
	if info, err = readInfo(archive); err != nil {
		return info, err
	}
	to := places{database: folder, key: aside.keyFile(), files: files, seen: entries{"backup.json": true}}
	return info, to.fill(ctx, archive, info)
}

// removeDatabase removes the SQLite file of a restore that failed.
func removeDatabase(s Store) (err error) {
	if s.DatabaseURL != "" {
		return nil
	}
	for _, ending := range []string{"", "-wal", "-shm", "-journal"} {
		if e := os.Remove(filepath.Join(s.Data, databaseFile) + ending); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// checkExists keeps a command that only looks from making an empty SQLite
// file where somebody mistyped the folder.
func checkExists(s Store) error {
	if s.DatabaseURL != "" {
		return os.MkdirAll(s.Data, 0o700)
	}
	if err := checkFolder(s); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(s.Data, databaseFile)); err != nil {
		return fmt.Errorf("there is no database in %s", s.Data)
	}
	return nil
}

func checkEmpty(s Store) error {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.Data)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("the data folder %s is not empty: restore into a fresh one", s.Data)
	}
	return nil
}

func readInfo(archive *tar.Reader) (backupInfo, error) {
	var info backupInfo
	header, err := archive.Next()
	if err != nil || header.Name != "backup.json" || (entries{}).check(header) != nil {
		return info, errors.New("this is not a backup made by regulars backup")
	}
	if err := json.NewDecoder(archive).Decode(&info); err != nil {
		return info, fmt.Errorf("read backup.json: %w", err)
	}
	if info.Format < 1 || info.Format > backupFormat {
		return info, fmt.Errorf("the backup has format %d, this program reads 1 to %d", info.Format, backupFormat)
	}
	return info, nil
}

// places are where the parts of an archive go.
type places struct {
	database string // folder
	key      string
	files    *blob.Dir
	seen     entries
}

// fill unpacks the archive. A file of the database that is missing means the
// archive was cut.
func (p places) fill(ctx context.Context, archive *tar.Reader, info backupInfo) error {
	missing, whole := info.Database.Files(), false
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
		if err := p.seen.check(header); err != nil {
			return fmt.Errorf("the backup is damaged: %q %w", header.Name, err)
		}
		kind, name, _ := strings.Cut(header.Name, "/")
		switch {
		case whole:
			err = errors.New("it follows the end of the backup")
		case header.Name == "end":
			whole = true
		case header.Name == keyFile:
			err = unpack(archive, p.key)
		case kind == "database" && slices.Contains(missing, name):
			missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
			err = unpack(archive, filepath.Join(p.database, name))
		case kind == "files":
			err = unpackFile(archive, p.files, name)
		default:
			err = errors.New("it is of no kind this program knows")
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("restore %s: %w", header.Name, err)
		}
	}
	if !whole || len(missing) > 0 {
		return errors.New("the backup is damaged: its end is missing")
	}
	return nil
}

func unpack(content io.Reader, path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Sync(), file.Close())
}

func unpackFile(content io.Reader, files *blob.Dir, fileID string) error {
	w, err := files.CreateAs(fileID)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, content); err != nil {
		return err
	}
	return w.Commit()
}
