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

    /// <summary>The channel of a command that runs; asked for before the command is disposed, which forgets it.</summary>
    public static object? Of(SshCommand command) => Channel?.GetValue(command);

    /// <summary>Ends the input, unless the channel has ended already.</summary>
    public static void EndInput(object? channel, Stream input)
    {
        if (!IsGuarded || channel is null || Lock!.GetValue(channel) is not { } gate)
        {
            input.Dispose();
            return;
        }

        // Where SSH.NET is built for .NET 9 or later it is a Lock, which no monitor keeps out.
        var kind = gate.GetType();
        var isLock = kind.FullName == "System.Threading.Lock";
        if (isLock)
            kind.GetMethod("Enter", Type.EmptyTypes)!.Invoke(gate, null);
        else
            Monitor.Enter(gate);
        try
        {
            // Its command disposes the input once more, and would end it without the lock.
            if ((bool)IsAnswered!.GetValue(channel)!)
                input.GetType().GetField("_isDisposed", Inner)?.SetValue(input, true);
            else
                input.Dispose();
        }
        finally
        {
            if (isLock)
                kind.GetMethod("Exit", Type.EmptyTypes)!.Invoke(gate, null);
            else
                Monitor.Exit(gate);
        }
    }
}
