// SPDX-License-Identifier: GPL-2.0
/* Stands in for the mainline `rocket` driver on an emulated board, as far as a node can be asked without silicon.
 *
 * Binds to the three NPU core nodes; with the first it creates the platform device `rknn`, whose child is the
 * character device 261:0, /dev/accel/accel0, of class `accel`. The node opens; it computes nothing. Where the kernel has
 * DRM's accel subsystem, class and major are its own and the node is made by it; an older kernel's are made here.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/version.h>

#define ACCEL_MAJOR 261
#define CORE_VERSION 1179210309

static DEFINE_MUTEX(lock);
static unsigned int cores;
static struct platform_device *rknn;

#if IS_ENABLED(CONFIG_DRM_ACCEL)

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>

DEFINE_DRM_ACCEL_FOPS(accel_fops);

static const struct drm_driver accel_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL,
	.fops = &accel_fops,
	.name = "rocket",
	.desc = "simulated RK3588 NPU",
};

static struct drm_device *node;

static int add_node(void)
{
	int error;

	rknn = platform_device_register_simple("rknn", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(rknn))
		return PTR_ERR(rknn);
	node = drm_dev_alloc(&accel_driver, &rknn->dev);
	if (IS_ERR(node)) {
		error = PTR_ERR(node);
		goto no_node;
	}
	error = drm_dev_register(node, 0);
	if (error)
		goto not_registered;
	return 0;

not_registered:
	drm_dev_put(node);
no_node:
	platform_device_unregister(rknn);
	return error;
}

static void remove_node(void)
{
	drm_dev_unregister(node);
	drm_dev_put(node);
	platform_device_unregister(rknn);
}

#else

static struct class *accel;
static struct device *node;
static struct cdev node_cdev;

static long accel_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	return _IOC_TYPE(request) == 'd' ? -ENODEV : -ENOTTY;
}

static const struct file_operations accel_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = accel_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static char *accel_devnode(struct device *device, umode_t *mode)
#else
static char *accel_devnode(const struct device *device, umode_t *mode)
#endif
{
	return kasprintf(GFP_KERNEL, "accel/%s", dev_name(device));
}

static int add_node(void)
{
	int error;

	rknn = platform_device_register_simple("rknn", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(rknn))
		return PTR_ERR(rknn);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	accel = class_create(THIS_MODULE, "accel");
#else
	accel = class_create("accel");
#endif
	if (IS_ERR(accel)) {
		error = PTR_ERR(accel);
		goto no_class;
	}
	accel->devnode = accel_devnode;
	error = register_chrdev_region(MKDEV(ACCEL_MAJOR, 0), 1, "accel");
	if (error)
		goto no_region;
	cdev_init(&node_cdev, &accel_fops);
	error = cdev_add(&node_cdev, MKDEV(ACCEL_MAJOR, 0), 1);
	if (error)
		goto no_cdev;
	node = device_create(accel, &rknn->dev, MKDEV(ACCEL_MAJOR, 0), NULL, "accel0");
	if (IS_ERR(node)) {
		error = PTR_ERR(node);
		goto no_node;
	}
	pr_info("[drm] Initialized rocket 0.0.0 for rknn on minor 0 (simulated)\n");
	return 0;

no_node:
	cdev_del(&node_cdev);
no_cdev:
	unregister_chrdev_region(MKDEV(ACCEL_MAJOR, 0), 1);
no_region:
	class_destroy(accel);
no_class:
	platform_device_unregister(rknn);
	return error;
}

static void remove_node(void)
{
	device_destroy(accel, MKDEV(ACCEL_MAJOR, 0));
	cdev_del(&node_cdev);
	unregister_chrdev_region(MKDEV(ACCEL_MAJOR, 0), 1);
	class_destroy(accel);
	platform_device_unregister(rknn);
}

#endif

static int rocket_probe(struct platform_device *device)
{
	int error = 0;

	mutex_lock(&lock);
	if (cores == 0)
		error = add_node();
	if (!error)
		dev_info(&device->dev, "Rockchip NPU core %u version: %d (simulated)\n", cores++, CORE_VERSION);
	mutex_unlock(&lock);
	return error;
}

static void rocket_end(struct platform_device *device)
{
	mutex_lock(&lock);
	if (--cores == 0)
		remove_node();
	mutex_unlock(&lock);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static int rocket_remove(struct platform_device *device)
{
	rocket_end(device);
	return 0;
}
#else
#define rocket_remove rocket_end
#endif

static const struct of_device_id rocket_matches[] = {
	{ .compatible = "rockchip,rk3588-rknn-core" },
	{ }
};
MODULE_DEVICE_TABLE(of, rocket_matches);

static struct platform_driver rocket_driver = {
	.driver = { .name = "rocket", .of_match_table = rocket_matches },
	.probe = rocket_probe,
	.remove = rocket_remove,
};
module_platform_driver(rocket_driver);

MODULE_DESCRIPTION("Simulated RK3588 NPU (mainline stack) for the validation harness; not the kernel's driver");
MODULE_LICENSE("GPL");
