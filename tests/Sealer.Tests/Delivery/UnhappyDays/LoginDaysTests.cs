using Sealer.Delivery;

namespace Sealer.Tests.Delivery.UnhappyDays;

/// <summary>Days on which hosts do not let us in, or are not the ones they should be, or differ from others.</summary>
[Trait("Tier", "lab")]
[Collection(UnhappyCollection.Name)]
public sealed class LoginDaysTests(UnhappyLab lab)
{
    private const string Wrong = "wrong-4711-password";

    [LinuxFact]
    public async Task A_wrong_password_keeps_one_host_out_and_the_right_one_brings_it_in()
    {
        await using var day = new UnhappyDay(lab, "password");
        var password = $"passwd: {lab.Hosts[0].Password!.Reveal()}";
        day.Write(new Dictionary<int, string> { [2] = $"passwd: {Wrong}" }, password);
        var (plan, result) = await day.DeliverAsync();
        Assert.DoesNotContain(plan.Steps, step => step.Host == day.At(2));
        day.Tells(plan.Hosts[2].Unreachable, 2, "refused the user 'deploy'", "Give the right password");
        Assert.DoesNotContain(Wrong, plan.Hosts[2].Unreachable, StringComparison.Ordinal);
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        await day.HoldsAsync([0, 1, 3]);
        await day.HoldsNothingHalfAsync([2], absent: [2]);

        day.Write(login: password);
        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task Unknown_changed_and_revoked_host_keys_are_not_trusted_and_the_others_finish()
    {
        await using var day = new UnhappyDay(lab, "keys");
        var known = await File.ReadAllLinesAsync(day.KnownHosts);
        string KeyOf(int host) => known.Single(line => line.StartsWith(day.At(host) + " ", StringComparison.Ordinal));
        var broken = $"{KeyOf(0)}\n{day.At(2)} {string.Join(' ', KeyOf(0).Split(' ')[1..])}\n@revoked {KeyOf(3)}\n";
        await File.WriteAllTextAsync(day.KnownHosts, broken);

        var (plan, result) = await day.DeliverAsync();
        day.Tells(plan.Hosts[1].Unreachable, 1, "nothing is known of it", day.Hosts[1].HostKeyFingerprint, "ssh-keygen -lf");
        day.Tells(plan.Hosts[2].Unreachable, 2, "another is known from", "ssh-keygen -R");
        day.Tells(plan.Hosts[3].Unreachable, 3, "revokes", "Do not connect");
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        await day.HoldsAsync([0]);
        await day.HoldsNothingHalfAsync([1, 2, 3], absent: [1, 2, 3]);
        Assert.Equal(broken, await File.ReadAllTextAsync(day.KnownHosts));

        await File.WriteAllLinesAsync(day.KnownHosts, known);
        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task A_host_key_that_changes_between_plan_and_act_is_not_trusted()
    {
        await using var day = new UnhappyDay(lab, "swapped");
        var plan = await day.PlanAsync();
        await day.BreakAsync(
            3,
            "cd /etc/ssh; mkdir /run/keys; cp -p ssh_host_* /run/keys; rm ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key; systemctl restart ssh",
            "[ ! -e /run/keys ] || { rm /etc/ssh/ssh_host_*; cp -p /run/keys/* /etc/ssh; rm -r /run/keys; systemctl restart ssh; }");
        var before = await File.ReadAllTextAsync(day.KnownHosts);
        day.FailedAlone(await day.CarryOutAsync(plan), 3, "HostKeyChanged", "another is known from", "ssh-keygen -R");
        Assert.Equal(before, await File.ReadAllTextAsync(day.KnownHosts));
        await day.HoldsAsync([0, 1, 2]);
        await day.HoldsNothingHalfAsync([3], absent: [3]);

        await day.MendAsync();
        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task Sudo_that_is_refused_is_its_host_s_story()
    {
        await using var day = new UnhappyDay(lab, "sudo");
        await day.BreakAsync(1, "gpasswd -d deploy sudo", "gpasswd -a deploy sudo");
        await day.BreakAsync(3, "echo 'deploy:another' | chpasswd", $"chpasswd <<'END'\ndeploy:{day.Hosts[3].Password!.Reveal()}\nEND");
        var (plan, result) = await day.DeliverAsync();
        day.Tells(plan.Hosts[1].Unreachable, 1, "sudoers");
        day.Tells(plan.Hosts[3].Unreachable, 3, "sudo", "Give the right one");
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        await day.HoldsAsync([0, 2]);
        await day.HoldsNothingHalfAsync([1, 3], absent: [1, 3]);

        await day.MendAsync();
        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task Noise_another_shell_a_noexec_tmp_and_one_session_at_a_time_hinder_nobody()
    {
        await using var day = new UnhappyDay(lab, "odd");
        const string Home = "/home/deploy";
        await day.BreakAsync(
            0,
            $"cp -p {Home}/.bashrc /run/bashrc; printf 'echo noisy; echo ##vso[noise] >&2\\n' > {Home}/.bashrc; echo MOTD > /etc/motd; "
            + "printf 'Banner /etc/motd\\nPrintMotd yes\\n' > /etc/ssh/sshd_config.d/00-odd.conf; systemctl restart ssh",
            $"cp -p /run/bashrc {Home}/.bashrc; rm -f /etc/motd /etc/ssh/sshd_config.d/00-odd.conf; systemctl restart ssh");
        await using (var hosts = day.Open())
        await using (var shell = File.OpenRead("/bin/tcsh"))
            await hosts.All[1].PutAsync(shell, "/usr/local/bin/tcsh", new() { Elevated = true, Mode = 0x1ED });
        await day.BreakAsync(
            1, $"echo 'echo noisy' > {Home}/.tcshrc; usermod -s /usr/local/bin/tcsh deploy", $"usermod -s /bin/bash deploy; rm -f {Home}/.tcshrc /usr/local/bin/tcsh");
        await day.BreakAsync(2, "mount -t tmpfs -o noexec,mode=1777 none /tmp", "umount /tmp");
        await day.BreakAsync(
            3, "echo MaxSessions 1 > /etc/ssh/sshd_config.d/00-odd.conf; systemctl restart ssh", "rm /etc/ssh/sshd_config.d/00-odd.conf; systemctl restart ssh");

        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task A_login_shell_that_runs_nothing_is_told_and_the_others_finish()
    {
        await using var day = new UnhappyDay(lab, "nologin");
        await day.BreakAsync(2, "usermod -s /usr/sbin/nologin deploy", "usermod -s /bin/bash deploy");
        var (plan, result) = await day.DeliverAsync();
        day.Tells(plan.Hosts[2].Unreachable, 2, "login shell");
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        await day.HoldsAsync([0, 1, 3]);
        await day.HoldsNothingHalfAsync([2], absent: [2]);

        await day.MendAsync();
        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task A_clock_that_is_off_by_an_hour_and_names_that_two_hosts_share_are_seen_and_break_no_delivery()
    {
        await using var day = new UnhappyDay(lab, "clock");
        // Hosts of a lab share the machine's clock; what a host is asked for its time says something else.
        await day.BreakAsync(
            1,
            "printf '#!/bin/sh\\nfor a do case $a in -d|-d*|@*) exec /bin/date \"$@\";; esac; done; exec /bin/date -d \"@$(($(/bin/date +%%s) + 3600))\" \"$@\"\\n' > /usr/local/bin/date; chmod 755 /usr/local/bin/date",
            "rm -f /usr/local/bin/date");
        await day.BreakAsync(3, $"hostname > /run/name; hostname {day.Hosts[2].Name}", "hostname $(cat /run/name)");
        var cluster = new Cluster(Sealer.Clusterfiles.Clusterfile.ReadFile(Path.Combine(day.Folder, "Clusterfile")).GetSpec());
        await using (var hosts = day.Open())
        {
            var results = await Sealer.Hosts.Checks.HostPreflight.RunAsync([.. hosts.All.Select(host => PreflightHosts.Of(host, hosts.Target(host), cluster.Spec, null))], new());
            var clock = results.Single(r => r.Check == "ClockSkew" && r.Status is not Sealer.Hosts.Checks.HostCheckStatus.Passed);
            day.Tells(clock.Host + ": " + clock.Message, 1);
            var names = results.Where(r => r.Check == "HostNameUnique" && r.Status is not Sealer.Hosts.Checks.HostCheckStatus.Passed).Select(r => r.Host);
            Assert.Equal([day.At(2), day.At(3)], names.Order());
        }

        await day.ConvergesAsync();
        await day.MendAsync();
        Assert.Empty((await day.PlanAsync()).Steps);
    }
}
