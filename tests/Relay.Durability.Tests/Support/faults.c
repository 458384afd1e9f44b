/*
 * Makes a disk fail, for one folder: LD_PRELOAD it, with FAULTS_FOLDER the folder's path and FAULTS_CONTROL a file whose first
 * octet says what to do: 's' every write is short, 'e' every sync is EIO, 'n' every write is ENOSPC, 'w' every write is EIO,
 * 'r' every read of a large message's file is EIO; anything else: nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static const volatile char *control;
static const char *folder;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAULTS_CONTROL");
    folder = getenv("FAULTS_FOLDER");
    int file = path == NULL || folder == NULL ? -1 : open(path, O_RDONLY);
    if (file >= 0) {
        void *mapped = mmap(NULL, 1, PROT_READ, MAP_SHARED, file, 0);
        control = mapped == MAP_FAILED ? NULL : mapped;
        close(file);
    }
}

static char mode(int file)
{
    if (control == NULL || strchr("senwr", *control) == NULL || *control == 0) {
        return 0;
    }
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) {
        return 0;
    }
    path[length] = 0;

    /* The memory that SQLite's processes share is a file too, and no disk is waited for. */
    if (strncmp(path, folder, strlen(folder)) != 0 || (length > 4 && strcmp(path + length - 4, "-shm") == 0)) {
        return 0;
    }
    return *control;
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

/* Only these: the files in bodies/ are large messages. */
static int unreadable(int file)
{
    char link[64], path[4096];
    if (mode(file) != 'r') {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    if (strstr(path, "/bodies/") == NULL) {
        return 0;
    }
    errno = EIO;
    return 1;
}

static int failed(char what, size_t *count)
{
    if (what == 'n' || what == 'w') {
        errno = what == 'n' ? ENOSPC : EIO;
        return 1;
    }
    if (what == 's' && *count > 1) {
        *count /= 2;
    }
    return 0;
}

ssize_t write(int file, const void *data, size_t count)
{
    return failed(mode(file), &count) ? -1 : REAL(write)(file, data, count);
}

ssize_t pwrite(int file, const void *data, size_t count, off_t at)
{
    return failed(mode(file), &count) ? -1 : REAL(pwrite)(file, data, count, at);
}

ssize_t pwrite64(int file, const void *data, size_t count, off64_t at)
{
    return failed(mode(file), &count) ? -1 : REAL(pwrite64)(file, data, count, at);
}

ssize_t read(int file, void *data, size_t count)
{
    return unreadable(file) ? -1 : REAL(read)(file, data, count);
}

ssize_t pread(int file, void *data, size_t count, off_t at)
{
    return unreadable(file) ? -1 : REAL(pread)(file, data, count, at);
}

ssize_t pread64(int file, void *data, size_t count, off64_t at)
{
    return unreadable(file) ? -1 : REAL(pread64)(file, data, count, at);
}

int fsync(int file)
{
    if (mode(file) == 'e') {
        errno = EIO;
        return -1;
    }
    return REAL(fsync)(file);
}

int fdatasync(int file)
{
    if (mode(file) == 'e') {
        errno = EIO;
        return -1;
    }
    return REAL(fdatasync)(file);
}
