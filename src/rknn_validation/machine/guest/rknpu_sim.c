// SPDX-License-Identifier: GPL-2.0
/* Stands in for Rockchip's NPU driver on an emulated board, as far as a node can be asked without silicon.
 *
 * Binds to the vendor's device-tree node, gives the misc device /dev/rknpu with real uevents, and answers the
 * ACTION ioctl's questions as driver 0.9.8 does. It computes nothing: every other request fails with ENODEV.
 * It also creates the status files under debugfs and proc, and says in each place that it is simulated.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#define HARDWARE_VERSION 0x46495245 /* "ERIF", as the silicon answers */
#define DRIVER_VERSION 908 /* 0.9.8 */
#define FREQUENCY 1000000000 /* Hz */
#define VOLTAGE 800000 /* uV */

struct action {
	__u32 flags;
	__u32 value;
};

enum { GET_HW_VERSION = 0, GET_DRV_VERSION = 1, GET_FREQ = 2, GET_VOLT = 4, GET_IOMMU_EN = 18 };

#define IOCTL_ACTION _IOWR('r', 0x00, struct action) /* c0087200 */

/* SUBMIT, MEM_CREATE, MEM_MAP, MEM_DESTROY, MEM_SYNC: known, size included, and not served. */
static const unsigned int unserved[] = { 0xc0687201, 0xc0307202, 0xc0107203, 0xc0107204, 0xc0207205 };

static struct dentry *debug_directory;
static struct proc_dir_entry *proc_directory;

static long rknpu_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct action action;

	for (int i = 0; i < ARRAY_SIZE(unserved); i++)
		if (request == unserved[i])
			return -ENODEV;
	if (request != IOCTL_ACTION)
		return -EINVAL;
	if (copy_from_user(&action, (void __user *)argument, sizeof(action)))
		return -EFAULT;
	switch (action.flags) {
	case GET_HW_VERSION:
		action.value = HARDWARE_VERSION;
		break;
	case GET_DRV_VERSION:
		action.value = DRIVER_VERSION;
		break;
	case GET_FREQ:
		action.value = FREQUENCY;
		break;
	case GET_VOLT:
		action.value = VOLTAGE;
		break;
	case GET_IOMMU_EN:
		action.value = 1;
		break;
	default:
		return -EINVAL;
	}
	return copy_to_user((void __user *)argument, &action, sizeof(action)) ? -EFAULT : 0;
}

static const struct file_operations rknpu_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = rknpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice rknpu_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "rknpu",
	.fops = &rknpu_fops,
};

static int version_show(struct seq_file *file, void *unused)
{
	seq_puts(file, "RKNPU driver: v0.9.8\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(version);

static int load_show(struct seq_file *file, void *unused)
{
	seq_puts(file, "NPU load:  Core0:  0%, Core1:  0%, Core2:  0%,\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(load);

static int simulated_show(struct seq_file *file, void *unused)
{
	seq_puts(file, "This NPU is simulated by the validation harness.\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(simulated);

static int rknpu_probe(struct platform_device *device)
{
	int error;

	rknpu_device.parent = &device->dev;
	error = misc_register(&rknpu_device);
	if (error)
		return dev_err_probe(&device->dev, error, "cannot register /dev/rknpu\n");
	debug_directory = debugfs_create_dir("rknpu", NULL);
	debugfs_create_file("version", 0444, debug_directory, NULL, &version_fops);
	debugfs_create_file("load", 0444, debug_directory, NULL, &load_fops);
	debugfs_create_file("simulated", 0444, debug_directory, NULL, &simulated_fops);
	proc_directory = proc_mkdir("rknpu", NULL);
	proc_create_single("version", 0444, proc_directory, version_show);
	proc_create_single("load", 0444, proc_directory, load_show);
	proc_create_single("simulated", 0444, proc_directory, simulated_show);
	pr_info("[drm] Initialized rknpu 0.9.8 20240828 for %s (simulated)\n", dev_name(&device->dev));
	return 0;
}

static void rknpu_end(struct platform_device *device)
{
	proc_remove(proc_directory);
	debugfs_remove_recursive(debug_directory);
	misc_deregister(&rknpu_device);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static int rknpu_remove(struct platform_device *device)
{
	rknpu_end(device);
	return 0;
}
#else
#define rknpu_remove rknpu_end
#endif

static const struct of_device_id rknpu_matches[] = {
	{ .compatible = "rockchip,rk3588-rknpu" },
	{ }
};
MODULE_DEVICE_TABLE(of, rknpu_matches);

static struct platform_driver rknpu_driver = {
	.driver = { .name = "RKNPU", .of_match_table = rknpu_matches },
	.probe = rknpu_probe,
	.remove = rknpu_remove,
};
module_platform_driver(rknpu_driver);

MODULE_DESCRIPTION("Simulated RK3588 NPU (vendor stack) for the validation harness; not Rockchip's driver");
MODULE_VERSION("0.9.8");
MODULE_LICENSE("GPL");
