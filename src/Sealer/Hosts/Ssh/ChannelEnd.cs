using System.Reflection;
using Renci.SshNet;

namespace Sealer.Hosts.Ssh;

/// <summary>
/// Ends the input of a command. SSH.NET looks whether the channel is open before it waits for the lock under which the channel's
/// other side is answered, so that the end of the input can follow the end of the channel; sshd then breaks off the connection with
/// all that runs on it ("ieof packet referred to nonexistent channel"). Here both happen under that lock.
/// </summary>
internal static class ChannelEnd
{
    private const BindingFlags Inner = BindingFlags.Instance | BindingFlags.NonPublic;

    private static readonly FieldInfo? Channel = typeof(SshCommand).GetField("_channel", Inner);
    private static readonly Type? ChannelType = typeof(SshCommand).Assembly.GetType("Renci.SshNet.Channels.Channel");
    private static readonly FieldInfo? Lock = ChannelType?.GetField("_messagingLock", Inner);
    private static readonly FieldInfo? IsAnswered = ChannelType?.GetField("_closeMessageSent", Inner);

    /// <summary>False where another version of SSH.NET names these things otherwise, and ends its inputs on its own.</summary>
    public static bool IsGuarded => Channel is not null && Lock is not null && IsAnswered is not null;

    /// <summary>Ends it, unless the channel has ended already.</summary>
    public static void EndInput(SshCommand command, Stream input)
    {
        if (!IsGuarded || Channel!.GetValue(command) is not { } channel || Lock!.GetValue(channel) is not { } gate)
        {
            input.Dispose();
            return;
        }

        lock (gate)
        {
            if (!(bool)IsAnswered!.GetValue(channel)!)
                input.Dispose();
        }
    }
}
