/* Stage 1 of a stand-in for a NixOS guest: what a NixOS host's initrd does for a root on tmpfs and a store of its own,
 * and one thing more, because Debian's programs are no Nix packages: /usr is Debian's, from a store path.
 *
 * The initrd holds /modules/NN-name.ko (loaded in order). The kernel's command line says `init=PROGRAM` and
 * `standin.userland=STORE-PATH`. Any failure ends in a panic.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "stage 1: %s: %s\n", what, strerror(errno));
	exit(1); /* of PID 1: the kernel panics */
}

static void mount_or_die(const char *what, const char *where, const char *type, unsigned long flags, const char *data)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, data) < 0)
		die(where);
}

static void load_modules(void)
{
	struct dirent **entries;
	char path[512];
	int count = scandir("/modules", &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/modules/%s", entries[i]->d_name);
		int file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0 || (syscall(SYS_finit_module, file, "", 0) < 0 && errno != EEXIST))
			die(path);
		close(file);
		unlink(path);
	}
}

/* The value of a word of the kernel's command line. */
static const char *word(const char *name)
{
	static char line[4096];
	char copy[4096];
	FILE *file = fopen("/proc/cmdline", "re");
	size_t length = strlen(name);

	if (!file || !fgets(line, sizeof(line), file))
		die("/proc/cmdline");
	fclose(file);
	strcpy(copy, line);
	for (char *each = strtok(copy, " \n"); each; each = strtok(NULL, " \n"))
		if (strncmp(each, name, length) == 0 && each[length] == '=')
			return strdup(each + length + 1);
	errno = ENOENT;
	die(name);
	return NULL;
}

int main(void)
{
	char usr[4200];

	mount_or_die("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount_or_die("proc", "/proc", "proc", 0, NULL);
	load_modules();
	const char *init = word("init"), *userland = word("standin.userland");
	for (int tries = 0; access("/dev/vda", F_OK) < 0; tries++) {
		if (tries == 1000)
			die("/dev/vda");
		usleep(10000);
	}
	mount_or_die("tmpfs", "/root", "tmpfs", 0, "mode=755,size=75%");
	mkdir("/root/nix", 0755);
	mount_or_die("/dev/vda", "/root/nix/store", "erofs", MS_RDONLY, NULL);
	mkdir("/root/.writable", 0755);
	mkdir("/root/.writable/usr", 0755);
	mkdir("/root/.writable/work", 0755);
	snprintf(usr, sizeof(usr), "lowerdir=/root%s/usr,upperdir=/root/.writable/usr,workdir=/root/.writable/work", userland);
	mount_or_die("overlay", "/root/usr", "overlay", 0, usr);
	symlink("usr/bin", "/root/bin");
	symlink("usr/sbin", "/root/sbin");
	symlink("usr/lib", "/root/lib");
	mount_or_die("tmpfs", "/root/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=25%");
	mount_or_die("sysfs", "/root/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mkdir("/root/dev", 0755);
	mkdir("/root/proc", 0755);
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL) < 0 || mount("/proc", "/root/proc", NULL, MS_MOVE, NULL) < 0 ||
	    chdir("/root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		die("cannot enter the root file system");
	execl(init, init, NULL);
	die(init);
}
