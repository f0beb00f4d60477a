// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice A node as it describes itself.
/// @param peerKey the Ed25519 public key that its peer id carries
/// @param signatureR first half of that key's signature over `bindingMessage(account)`
/// @param signatureS second half
/// @param capabilities sha2-256 of an artifact that says what the node can prove
struct Node {
    bytes32 peerKey;
    bytes32 signatureR;
    bytes32 signatureS;
    bytes32 capabilities;
}

/// @notice An account's stake, in wei.
/// @param amount all of it that can be bonded, bonds included
/// @param locked its part that stands as bonds
/// @param leaving what was taken out and can be withdrawn from `releasedAt` on
struct Stake {
    uint128 amount;
    uint128 locked;
    uint128 leaving;
    uint64 releasedAt;
}

/// @title Nodes: who they say they are, and the stake that their bonds are taken from.
/// @notice An account is tied to a peer id both ways: the account sends the transaction, the peer's key signs the
/// account. Ed25519 has no precompile and would cost more to check here than a proof, so whoever relies on the tie checks
/// the signature; one that does not hold ties nothing. Several accounts may name one peer key: only the signed one counts.
/// @dev Only a market that the account itself authorised can lock its stake, and can take no more than it locked.
contract NodeRegistry {
    using SafeCast for uint256;

    /// @notice How long stake stays after it was taken out of use, in seconds.
    uint256 public constant UNBONDING_PERIOD = 1 days;
    /// @notice Where burned coins go: an address that nobody has a key of.
    address public constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;

    bytes32 private constant BINDING_LABEL = keccak256("tessera/peer-binding/1");

    struct Allowance {
        bool authorised;
        uint128 locked;
    }

    event NodeRegistered(
        address indexed account,
        bytes32 indexed peerKey,
        bytes32 signatureR,
        bytes32 signatureS,
        bytes32 capabilities
    );
    event NodeRemoved(address indexed account);
    event MarketAuthorised(address indexed account, address indexed market, bool authorised);
    event StakeDeposited(address indexed account, address indexed payer, uint256 amount);
    event StakeUnbonding(address indexed account, uint256 amount, uint256 releasedAt);
    event StakeWithdrawn(address indexed account, address indexed to, uint256 amount);
    event StakeLocked(address indexed account, address indexed market, uint256 amount);
    event StakeUnlocked(address indexed account, address indexed market, uint256 amount);
    event StakeSlashed(address indexed account, address indexed market, uint256 amount, uint256 burned);

    error AmountZero();
    error MarketUnauthorised(address account, address market);
    error StakeInsufficient(address account, uint256 needed, uint256 free);
    error LockInsufficient(address account, uint256 needed, uint256 locked);
    error BurnExceedsSlash(uint256 burned, uint256 slashed);
    error StakeNotReleased(uint256 releasedAt);

    mapping(address account => Node) private nodes;
    mapping(address account => Stake) private stakes;
    mapping(address account => mapping(address market => Allowance)) private allowances;

    /// @notice Ties the caller's account to a peer id, or replaces what it said before.
    function register(Node calldata node) external {
        nodes[msg.sender] = node;
        emit NodeRegistered(msg.sender, node.peerKey, node.signatureR, node.signatureS, node.capabilities);
    }

    /// @notice Takes back what the caller said of itself. Its stake stays.
    function remove() external {
        delete nodes[msg.sender];
        emit NodeRemoved(msg.sender);
    }

    /// @notice The 32 bytes that a peer's key signs to tie itself to an account on this chain.
    function bindingMessage(address account) external view returns (bytes32) {
        return keccak256(abi.encode(BINDING_LABEL, block.chainid, address(this), account));
    }

    /// @notice Lets a market lock the caller's stake, or stops it from locking more; what is locked stays so.
    function authorise(address market, bool authorised) external {
        allowances[msg.sender][market].authorised = authorised;
        emit MarketAuthorised(msg.sender, market, authorised);
    }

    /// @notice Adds to the stake of an account, the caller's or another's.
    function deposit(address account) external payable {
        if (msg.value == 0) revert AmountZero();
        stakes[account].amount += msg.value.toUint128();
        emit StakeDeposited(account, msg.sender, msg.value);
    }

    /// @notice Takes free stake out of use. All that is leaving is released together, a period after the last call.
    function unbond(uint256 amount) external {
        if (amount == 0) revert AmountZero();
        Stake storage stake = stakes[msg.sender];
        uint256 free = stake.amount - stake.locked;
        if (amount > free) revert StakeInsufficient(msg.sender, amount, free);
        uint256 releasedAt = block.timestamp + UNBONDING_PERIOD;
        stake.amount -= amount.toUint128();
        stake.leaving += amount.toUint128();
        stake.releasedAt = releasedAt.toUint64();
        emit StakeUnbonding(msg.sender, amount, releasedAt);
    }

    /// @notice Pays out what has left.
    function withdraw(address payable to) external {
        Stake storage stake = stakes[msg.sender];
        uint256 amount = stake.leaving;
        if (amount == 0) revert AmountZero();
        if (block.timestamp < stake.releasedAt) revert StakeNotReleased(stake.releasedAt);
        stake.leaving = 0;
        emit StakeWithdrawn(msg.sender, to, amount);
        Address.sendValue(to, amount);
    }

    /// @notice Makes part of an account's stake a bond. For markets that the account authorised.
    function lock(address account, uint256 amount) external {
        Allowance storage allowance = allowances[account][msg.sender];
        if (!allowance.authorised) revert MarketUnauthorised(account, msg.sender);
        Stake storage stake = stakes[account];
        uint256 free = stake.amount - stake.locked;
        if (amount > free) revert StakeInsufficient(account, amount, free);
        stake.locked += amount.toUint128();
        allowance.locked += amount.toUint128();
        emit StakeLocked(account, msg.sender, amount);
    }

    /// @notice Frees what the calling market locked.
    function unlock(address account, uint256 amount) external {
        takeLock(account, amount);
        emit StakeUnlocked(account, msg.sender, amount);
    }

    /// @notice Takes what the calling market locked: burns a part of it and sends the market the rest.
    function slash(address account, uint256 amount, uint256 burned) external {
        if (burned > amount) revert BurnExceedsSlash(burned, amount);
        takeLock(account, amount);
        stakes[account].amount -= amount.toUint128();
        emit StakeSlashed(account, msg.sender, amount, burned);
        Address.sendValue(payable(BURN_ADDRESS), burned);
        if (amount > burned) Address.sendValue(payable(msg.sender), amount - burned);
    }

    /// @notice What an account says of itself; the signature must be checked by whoever relies on the peer id.
    function nodeOf(address account) external view returns (Node memory) {
        return nodes[account];
    }

    /// @notice An account's stake.
    function stakeOf(address account) external view returns (Stake memory) {
        return stakes[account];
    }

    /// @notice What an account lets a market do, and what that market has locked.
    function allowanceOf(address account, address market) external view returns (bool authorised, uint256 locked) {
        Allowance storage allowance = allowances[account][market];
        return (allowance.authorised, allowance.locked);
    }

    function takeLock(address account, uint256 amount) private {
        Allowance storage allowance = allowances[account][msg.sender];
        if (amount > allowance.locked) revert LockInsufficient(account, amount, allowance.locked);
        allowance.locked -= amount.toUint128();
        stakes[account].locked -= amount.toUint128();
    }
}
