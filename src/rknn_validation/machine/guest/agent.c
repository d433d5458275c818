/* Runs commands in an emulated board on behalf of the harness.
 *
 * Speaks frames over one virtio port: type (1 byte), request (4), length (4), payload; numbers big-endian.
 *   to the guest:   'T' time of day in ns (8) + entropy    'R' deadline in ms (4) + command
 *                   'I' standard input, empty = its end
 *   from the guest: 'T' boot nonce    'O' / 'E' standard output / error    'X' status (4): exit status,
 *                   128 + signal, or -1 when the deadline killed the command
 * Each command is `bash -c` in a session of its own with a fixed environment, so that nothing the judged
 * configuration does to systemd's environment reaches it by accident. `agent SHELL PATH` names a bash elsewhere
 * than Debian's, and where programs are.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/random.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536

struct frame {
	char type;
	uint32_t request, length;
	unsigned char payload[CHUNK + 1];
};

static int port, children;
static const char *shell = "/bin/bash", *programs = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static unsigned char nonce[16];

static struct {
	uint32_t request;
	pid_t pid; /* 0: no command */
	int input, output, error;
	int64_t deadline; /* CLOCK_BOOTTIME, ms */
	int killed, status, exited;
} command;

static struct frame pending; /* the part of standard input that its pipe has not taken yet */
static size_t taken;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_BOOTTIME, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void put(const void *data, size_t length)
{
	for (const char *from = data; length;) {
		ssize_t done = write(port, from, length);
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			die("write to the port");
		if (done <= 0) {
			struct pollfd writable = { .fd = port, .events = POLLOUT };
			poll(&writable, 1, 100);
			continue;
		}
		from += done;
		length -= (size_t)done;
	}
}

static void send_frame(char type, uint32_t request, const void *payload, uint32_t length)
{
	static unsigned char whole[9 + CHUNK];
	uint32_t numbers[2] = { htonl(request), htonl(length) };

	whole[0] = (unsigned char)type;
	memcpy(whole + 1, numbers, 8);
	memcpy(whole + 9, payload, length);
	put(whole, 9 + length);
}

/* The port answers 0 while nobody is connected at the other end. */
static void get(void *data, size_t length)
{
	for (char *into = data; length;) {
		ssize_t done = read(port, into, length);
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			die("read from the port");
		if (done <= 0) {
			struct pollfd readable = { .fd = port, .events = POLLIN };
			if (done == 0)
				usleep(10000);
			else
				poll(&readable, 1, 1000);
			continue;
		}
		into += done;
		length -= (size_t)done;
	}
}

static void receive(struct frame *frame)
{
	unsigned char header[9];
	uint32_t numbers[2];

	get(header, sizeof(header));
	memcpy(numbers, header + 1, 8);
	frame->type = (char)header[0];
	frame->request = ntohl(numbers[0]);
	frame->length = ntohl(numbers[1]);
	if (frame->length > CHUNK) {
		fprintf(stderr, "frame of %u bytes\n", frame->length);
		exit(1);
	}
	get(frame->payload, frame->length);
	frame->payload[frame->length] = '\0';
}

/* After a restore: the time of day is stale, and clones would share the state of the random number generator. */
static void wake(const struct frame *frame)
{
	struct { struct rand_pool_info info; unsigned char seed[64]; } pool = { .info = { 512, 64 } };
	uint64_t nanoseconds = 0;

	for (int i = 0; i < 8; i++)
		nanoseconds = nanoseconds << 8 | frame->payload[i];
	struct timespec time = { (time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000) };
	clock_settime(CLOCK_REALTIME, &time);
	int random = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	if (random >= 0 && frame->length >= 8 + sizeof(pool.seed)) {
		memcpy(pool.seed, frame->payload + 8, sizeof(pool.seed));
		ioctl(random, RNDADDENTROPY, &pool);
		ioctl(random, RNDRESEEDCRNG);
	}
	if (random >= 0)
		close(random);
	send_frame('T', frame->request, nonce, sizeof(nonce));
}

static void close_if_open(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

static void become(const char *text, int input, int output, int error)
{
	static char path[4096], shell_is[4096];
	char *environment[] = {
		path, shell_is, "HOME=/root", "USER=root", "LOGNAME=root", "LANG=C.UTF-8", "TERM=dumb", NULL,
	};
	sigset_t none;

	snprintf(path, sizeof(path), "PATH=%s", programs);
	snprintf(shell_is, sizeof(shell_is), "SHELL=%s", shell);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(input, 0);
	dup2(output, 1);
	dup2(error, 2);
	if (chdir("/root") < 0 && chdir("/") < 0)
		_exit(126);
	execle(shell, "bash", "-c", text, (char *)NULL, environment);
	dprintf(2, "agent: cannot run %s: %s\n", shell, strerror(errno));
	_exit(127);
}

static void start(const struct frame *frame)
{
	int input[2], output[2], error[2];
	uint32_t limit;

	if (pipe2(input, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0)
		die("pipe");
	memcpy(&limit, frame->payload, 4);
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		become((const char *)frame->payload + 4, input[0], output[1], error[1]);
	close(input[0]);
	close(output[1]);
	close(error[1]);
	fcntl(input[1], F_SETFL, O_NONBLOCK);
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	fcntl(error[0], F_SETFL, O_NONBLOCK);
	command.request = frame->request;
	command.pid = pid;
	command.input = input[1];
	command.output = output[0];
	command.error = error[0];
	command.deadline = now() + ntohl(limit);
	command.killed = command.exited = command.status = 0;
	pending.length = 0;
}

static void forward(int *from, char type)
{
	static unsigned char data[CHUNK];
	ssize_t length = *from < 0 ? -1 : read(*from, data, sizeof(data));

	if (length > 0)
		send_frame(type, command.request, data, (uint32_t)length);
	else if (*from >= 0 && (length == 0 || errno != EAGAIN))
		close_if_open(from);
}

/* A command is over when its first process is, though others may go on and keep its streams open. What they
 * hold by then still belongs to it; streams that never fall silent are cut off after one pipe's worth. */
static void finish(void)
{
	uint32_t status = htonl((uint32_t)command.status);

	for (int rounds = 0; rounds < 4; rounds++) {
		forward(&command.output, 'O');
		forward(&command.error, 'E');
	}
	close_if_open(&command.input);
	close_if_open(&command.output);
	close_if_open(&command.error);
	command.pid = 0;
	pending.length = 0;
	send_frame('X', command.request, &status, sizeof(status));
}

static void reap(void)
{
	struct signalfd_siginfo information;
	int status;
	pid_t pid;

	if (read(children, &information, sizeof(information)) < 0 && errno != EAGAIN)
		die("signalfd");
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != command.pid)
			continue;
		command.exited = 1;
		command.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (command.killed)
			command.status = -1;
	}
}

static void feed(void)
{
	ssize_t done = write(command.input, pending.payload + taken, pending.length - taken);

	if (done > 0)
		taken += (size_t)done;
	if ((done < 0 && errno != EAGAIN) || taken == pending.length) {
		if (done < 0)
			close_if_open(&command.input);
		pending.length = 0;
	}
}

static void handle(void)
{
	static struct frame frame;

	receive(&frame);
	if (frame.type == 'T') {
		wake(&frame);
	} else if (frame.type == 'R' && frame.length >= 4 && !command.pid) {
		start(&frame);
	} else if (frame.type == 'I' && command.pid && frame.request == command.request && command.input >= 0) {
		if (frame.length == 0)
			close_if_open(&command.input);
		pending = frame;
		taken = 0;
	}
}

static void wait_for_something(void)
{
	int64_t left = command.killed ? 100 : command.deadline - now();
	struct pollfd on[] = {
		{ .fd = pending.length ? -1 : port, .events = POLLIN },
		{ .fd = children, .events = POLLIN },
		{ .fd = command.pid ? command.output : -1, .events = POLLIN },
		{ .fd = command.pid ? command.error : -1, .events = POLLIN },
		{ .fd = command.pid && pending.length ? command.input : -1, .events = POLLOUT },
	};

	if (poll(on, 5, command.pid ? (int)(left < 0 ? 0 : left) : -1) < 0 && errno != EINTR)
		die("poll");
	if (on[4].revents)
		feed();
	if (on[2].revents)
		forward(&command.output, 'O');
	if (on[3].revents)
		forward(&command.error, 'E');
	if (on[1].revents)
		reap();
	if (on[0].revents & POLLIN)
		handle();
	else if (on[0].revents & POLLHUP)
		usleep(10000); /* nobody at the other end */
}

/* The machine has one port. Its name under /dev/virtio-ports is udev's work, and the agent starts before udev. */
static int open_port(void)
{
	glob_t found;

	if (glob("/dev/vport*p*", 0, NULL, &found) != 0) {
		fprintf(stderr, "no virtio port\n");
		exit(1);
	}
	int descriptor = open(found.gl_pathv[0], O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0)
		die(found.gl_pathv[0]);
	globfree(&found);
	return descriptor;
}

int main(int count, char **arguments)
{
	sigset_t child;

	if (count > 1)
		shell = arguments[1];
	if (count > 2)
		programs = arguments[2];
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signal(SIGPIPE, SIG_IGN);
	children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	port = open_port();
	if (children < 0 || getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		die("agent");
	command.input = command.output = command.error = -1;
	for (;;) {
		wait_for_something();
		if (command.pid && !command.killed && now() >= command.deadline) {
			command.killed = 1;
			kill(-command.pid, SIGKILL);
		}
		if (command.pid && command.exited)
			finish();
	}
}
