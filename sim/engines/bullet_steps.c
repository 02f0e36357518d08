/* Physics steps of PyBullet without Python between them: torque, step, read.

Bullet loads this library as a plugin, which is how it learns the world's handle; Python calls
`terrafirma_advance` through ctypes. Every command goes through the C API that the PyBullet
module itself exports and uses. The arithmetic is that of sim/actuators.py, in the same order, so
that both give the same bits; a test holds them together.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

typedef void *Handle;

enum { CONTROL_MODE_TORQUE = 1 };
enum { FREE_BASE = 0, PLANAR_BASE = 1 };
enum { BASE_NUMBERS = 13 }; /* position 3, orientation 4 (xyzw), linear 3, angular 3 */

/* What an arm's controller knows of its own weight; sim/gravity.py explains it. */
typedef struct {
    const double *origin;   /* (joints, 3) m, of a joint in its parent */
    const double *rotation; /* (joints, 3, 3) */
    const double *axis;     /* (joints, 3) */
    const double *mass;     /* (joints,) kg, of what moves with a joint and no later one */
    const double *center;   /* (joints, 3) m, of that mass */
    int joints, every;      /* physics steps between two updates; 0: no compensation */
    double acceleration;    /* m/s² */
} Weight;

/* One robot and its actuators. Mirrored field by field in bullet_native.py. */
typedef struct {
    Handle world;
    int body, joints;
    int base;                    /* FREE_BASE also serves a fixed one */
    int slots;                   /* of the ring of states */
    const int *position_index;   /* (joints,) of a joint in Bullet's positions */
    const int *velocity_index;   /* (joints,) and in its velocities */
    const int *planar_position;  /* (3,) x, z, pitch */
    const int *planar_velocity;  /* (3,) */
    const double *link_frame;    /* (7,) of the base's link in its inertial frame */
    const double *target_position, *target_velocity, *target_effort;
    const double *kp, *kd, *low, *high, *strength;
    const double *play;          /* (joints,) N·m, or NULL: no backlash */
    const double *no_load_speed; /* (joints,) rad/s, or NULL: torque does not depend on speed */
    Weight weight;
    double *feed_forward;        /* (joints,) N·m, of which `weight` is the source where there is one */
    double *joint_position, *joint_velocity;
    double *ring;                /* (slots, 3 joints + 13): positions, velocities, torques, base */
} Robot;

static struct {
    Handle (*torque_command)(Handle, int, int);
    int (*set_torque)(Handle, int, double);
    Handle (*step_command)(Handle);
    Handle (*state_command)(Handle, int);
    Handle (*submit)(Handle, Handle);
    int (*state)(Handle, int *, int *, int *, const double **, const double **, const double **,
                 const double **);
} bullet;

static int interface_version;
static Handle newest_world;

/* Bullet's side of a plugin. */
struct Context {
    Handle world; /* more follows, which we do not need */
};

int initPlugin(struct Context *context) {
    newest_world = context->world;
    return interface_version;
}

void exitPlugin(struct Context *context) { (void)context; }

int executePluginCommand(struct Context *context, const void *arguments) {
    (void)context, (void)arguments;
    return 0;
}

/* Python's side. */

/* Find Bullet's functions in the module at `path`; 0, or 1 where it does not export them. */
int terrafirma_bind(const char *path, int version) {
    void *module = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    interface_version = version;
    if (!module) return 1;
    *(void **)&bullet.torque_command = dlsym(module, "b3JointControlCommandInit2");
    *(void **)&bullet.set_torque = dlsym(module, "b3JointControlSetDesiredForceTorque");
    *(void **)&bullet.step_command = dlsym(module, "b3InitStepSimulationCommand");
    *(void **)&bullet.state_command = dlsym(module, "b3RequestActualStateCommandInit");
    *(void **)&bullet.submit = dlsym(module, "b3SubmitClientCommandAndWaitStatus");
    *(void **)&bullet.state = dlsym(module, "b3GetStatusActualState");
    return !(bullet.torque_command && bullet.set_torque && bullet.step_command && bullet.state_command &&
             bullet.submit && bullet.state);
}

/* The world that loaded this plugin last. */
Handle terrafirma_newest_world(void) { return newest_world; }

static double clipped(double value, double low, double high) {
    return value < low ? low : value > high ? high : value; /* what is not a number stays so */
}

/* tau = strength * clip(play(kp (q* - q) + kd (dq* - dq) + feed-forward), ± limit(dq)) */
static double torque(const Robot *r, int i, double position, double velocity) {
    double tau = (r->target_position[i] - position) * r->kp[i];
    tau += (r->target_velocity[i] - velocity) * r->kd[i];
    tau += r->target_effort[i];
    tau += r->feed_forward[i];
    if (r->play) tau -= clipped(tau, -r->play[i], r->play[i]);
    if (r->no_load_speed) {
        double used = velocity / r->no_load_speed[i];
        double high = r->high[i] * clipped(1.0 - used, 0.0, 1.0);
        double low = -r->high[i] * clipped(1.0 + used, 0.0, 1.0);
        tau = clipped(tau, low, high);
    }
    return clipped(tau, r->low[i], r->high[i]) * r->strength[i];
}

/* out = m v, of a row-major matrix */
static void times(const double *m, const double *v, double *out) {
    for (int k = 0; k < 3; k++) out[k] = m[3 * k] * v[0] + m[3 * k + 1] * v[1] + m[3 * k + 2] * v[2];
}

/* out = a b */
static void chain(const double *a, const double *b, double *out) {
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

/* The rotation about a unit axis (Rodrigues). */
static void about(const double *axis, double angle, double *out) {
    const double s = sin(angle), c = cos(angle), x = axis[0], y = axis[1], z = axis[2];
    const double all[9] = {c + x * x * (1 - c),     x * y * (1 - c) - z * s, x * z * (1 - c) + y * s,
                           y * x * (1 - c) + z * s, c + y * y * (1 - c),     y * z * (1 - c) - x * s,
                           z * x * (1 - c) - y * s, z * y * (1 - c) + x * s, c + z * z * (1 - c)};
    memcpy(out, all, sizeof all);
}

/* tau_i = -a_i . ((c_i - p_i) x m_i g), with m_i, c_i mass and centre of all links from joint i on */
static void compensate(const Weight *w, const double *angles, double *out) {
    enum { MOST = 128 }; /* as Bullet itself */
    double pivot[MOST][3], axis[MOST][3], moment[MOST][3];
    double position[3] = {0, 0, 0}, rotation[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    for (int i = 0; i < w->joints; i++) {
        double step[3], fixed[9], turn[9], arm[3];
        times(rotation, w->origin + 3 * i, step);
        chain(rotation, w->rotation + 9 * i, fixed);
        times(fixed, w->axis + 3 * i, axis[i]);
        about(w->axis + 3 * i, angles[i], turn);
        chain(fixed, turn, rotation);
        times(rotation, w->center + 3 * i, arm);
        for (int k = 0; k < 3; k++) {
            pivot[i][k] = position[k] += step[k];
            moment[i][k] = w->mass[i] * (position[k] + arm[k]);
        }
    }
    double mass = 0.0, x = 0.0, y = 0.0; /* of all links from joint i on: mass, and mass times centre */
    for (int i = w->joints - 1; i >= 0; i--) {
        mass += w->mass[i], x += moment[i][0], y += moment[i][1];
        out[i] = w->acceleration * (axis[i][0] * (y - mass * pivot[i][1]) - axis[i][1] * (x - mass * pivot[i][0]));
    }
}

/* a * b of quaternions xyzw */
static void product(const double *a, const double *b, double *out) {
    out[0] = a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1];
    out[1] = a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0];
    out[2] = a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3];
    out[3] = a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2];
}

static void cross(const double *a, const double *b, double *out) {
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* v turned by the unit quaternion q: v + 2 w (u x v) + 2 u x (u x v) */
static void turned(const double *q, const double *v, double *out) {
    double once[3], twice[3];
    cross(q, v, once);
    cross(q, once, twice);
    for (int k = 0; k < 3; k++) out[k] = v[k] + 2.0 * (q[3] * once[k] + twice[k]);
}

/* Bullet tells a base's motion at its centre of mass; `out` is that of the link's own frame. */
static void free_base(const Robot *r, const double *q, const double *v, double *out) {
    double lever[3], swing[3], unit[4], norm = 0.0; /* Bullet lets the norm drift */
    for (int k = 0; k < 4; k++) norm += q[3 + k] * q[3 + k];
    for (int k = 0; k < 4; k++) unit[k] = q[3 + k] / sqrt(norm);
    turned(unit, r->link_frame, lever);
    cross(v + 3, lever, swing);
    product(unit, r->link_frame + 3, out + 3);
    for (int k = 0; k < 3; k++) {
        out[k] = q[k] + lever[k];
        out[7 + k] = v[k] + swing[k];
        out[10 + k] = v[3 + k];
    }
}

/* As sim.engines.protocol.planar_motion has it. */
static void planar_base(const Robot *r, const double *q, const double *v, double *out) {
    double pitch = q[r->planar_position[2]];
    memset(out, 0, BASE_NUMBERS * sizeof(double));
    out[0] = q[r->planar_position[0]];
    out[2] = q[r->planar_position[1]];
    out[4] = sin(pitch / 2.0);
    out[6] = cos(pitch / 2.0);
    out[7] = v[r->planar_velocity[0]];
    out[9] = v[r->planar_velocity[1]];
    out[11] = v[r->planar_velocity[2]];
}

/* Take `count` physics steps; 0, or 1 where Bullet refuses.

`step` is the number of the first one, since the robot was made; `clock` its number in the episode, from 0. */
int terrafirma_advance(const Robot *r, long long step, long long clock, int count) {
    const int n = r->joints, width = 3 * n + BASE_NUMBERS;
    for (int s = 0; s < count; s++) {
        double *slot = r->ring + (step + s) % r->slots * width;
        const double *q = NULL, *v = NULL;
        Handle command = bullet.torque_command(r->world, r->body, CONTROL_MODE_TORQUE), status;
        if (r->weight.every && (clock + s) % r->weight.every == 0)
            compensate(&r->weight, r->joint_position, r->feed_forward);
        for (int i = 0; i < n; i++) {
            slot[2 * n + i] = torque(r, i, r->joint_position[i], r->joint_velocity[i]);
            bullet.set_torque(command, r->velocity_index[i], slot[2 * n + i]);
        }
        bullet.submit(r->world, command);
        bullet.submit(r->world, bullet.step_command(r->world));
        status = bullet.submit(r->world, bullet.state_command(r->world, r->body));
        if (!status || !bullet.state(status, NULL, NULL, NULL, NULL, &q, &v, NULL)) return 1;
        for (int i = 0; i < n; i++) {
            slot[i] = r->joint_position[i] = q[r->position_index[i]];
            slot[n + i] = r->joint_velocity[i] = v[r->velocity_index[i]];
        }
        if (r->base == PLANAR_BASE)
            planar_base(r, q, v, slot + 3 * n);
        else
            free_base(r, q, v, slot + 3 * n);
    }
    return 0;
}
